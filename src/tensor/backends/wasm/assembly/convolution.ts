import { dot, scale } from './generated/tiles';
import { pack, padRows } from './pack';

// A convolution and both its adjoints are two loops: one scales pixels by weights (`convolve`, for the convolution and
// the input gradient, which is a convolution with the weights read the other way round), one takes inner products over
// pixels (`correlate`, for the weight gradient). What they differ in — stride, padding, dilation, groups, which way
// round — is in the tables that they are given.

/**
 * out[n][k] (+)= Σ_t w[k][t] · x[n][t], for every sample n and kernel k.
 *
 * @param out [samples, groups·kernels, plane]
 * @param x [samples, channels, …]
 * @param w weights; kernel k's tap (c, rs) is at w[k·stepKernel + c·stepChannel + rs], group g's begin at w[g·stepGroup]
 * @param mask 0, or an array like one of `out`'s leading index: results are zero where it holds x ≤ 0
 * @param add whether results are added to what is there
 * @param t a table: see `lowerConvolve`
 * @param scratch room for packed weights and one packed sample
 */
export function convolve(out: usize, x: usize, w: usize, mask: usize, add: i32, t: usize, scratch: usize): void {
  const samples = load<i32>(t);
  const maskSamples = load<i32>(t, 4);
  const groups = load<i32>(t, 8);
  const kernels = load<i32>(t, 12); // a group
  const inputs = load<i32>(t, 16); // channels a group
  const taps = load<i32>(t, 20); // a channel
  const stepGroup = load<i32>(t, 24);
  const stepKernel = load<i32>(t, 28);
  const stepChannel = load<i32>(t, 32);
  const sampleX = <usize>load<u32>(t, 36); // bytes
  const groupX = <usize>load<u32>(t, 40); // bytes of a group's packed channels
  const plane = <usize>load<u32>(t, 44); // bytes of an output plane
  const vectorCount = load<i32>(t, 48);
  const rows = load<i32>(t, 52);
  const columns = load<i32>(t, 56);
  const packed = load<i32>(t, 60);
  const packedBytes = <usize>load<u32>(t, 64);
  const tapTable = t + load<u32>(t, 68);
  const vectors = t + load<u32>(t, 72);
  const description = t + 76;

  // Weights by blocks of `rows` kernels, tap by tap: the order in which tiles read them.
  const tapCount = inputs * taps;
  const weights = scratch;
  let to = weights;
  for (let g = 0; g < groups; g++) {
    for (let k = 0; k < kernels; ) {
      const height = blockHeight(rows, kernels - k);
      for (let c = 0; c < inputs; c++) {
        for (let tap = 0; tap < taps; tap++) {
          const from = w + ((g * stepGroup + k * stepKernel + c * stepChannel + tap) << 2);
          for (let i = 0; i < height; i++) {
            store<f32>(to, k + i < kernels ? load<f32>(from + ((i * stepKernel) << 2)) : 0);
            to += 4;
          }
        }
      }
      k += height;
    }
  }
  const groupBytes = (to - weights) / groups;

  const image = to;
  if (packed) memory.fill(image, 0, packedBytes);
  let maskSample = 0;
  const maskStart = mask;
  for (let n = 0; n < samples; n++) {
    let source = x;
    if (packed) {
      pack(x, image, groups * inputs, description);
      source = image;
    }
    for (let g = 0; g < groups; g++) {
      for (let v = 0; v < vectorCount; v += columns) {
        const place = vectors + v * 12;
        let o = out;
        let m = mask;
        let block = weights + g * groupBytes;
        for (let k = 0; k < kernels; ) {
          const left = kernels - k;
          const height = blockHeight(rows, left);
          scale(height, columns, source, tapTable, tapCount, block, place, o, plane, left, m, add != 0);
          k += height;
          block += (tapCount * height) << 2;
          o += plane * height;
          if (m) m += plane * height;
        }
      }
      source += groupX;
      out += plane * kernels;
      if (mask) mask += plane * kernels;
    }
    x += sampleX;
    if (mask && ++maskSample == maskSamples) {
      mask = maskStart;
      maskSample = 0;
    }
  }
}

/** The rows of the next tile: `rows`, or a lower tile of as many columns for the last few kernels. */
@inline
function blockHeight(rows: i32, left: i32): i32 {
  return rows != 4 || left > 2 ? rows : 2;
}

/**
 * out[r][k][t] = Σ_n Σ_pixels g[r][n][k] · x[n][t], for `gradients` rows r that share x.
 *
 * @param out [gradients, groups·kernels, taps]
 * @param x [samples, channels, …]
 * @param g [gradients, samples, groups·kernels, plane]
 * @param t a table: see `lowerCorrelate`
 * @param scratch room for sums, pointers, packed samples and padded gradients
 */
export function correlate(out: usize, x: usize, g: usize, t: usize, scratch: usize): void {
  const gradients = load<i32>(t);
  const samples = load<i32>(t, 4);
  const groups = load<i32>(t, 8);
  const kernels = load<i32>(t, 12); // a group
  const tapCount = load<i32>(t, 16); // of a group
  const sampleX = <usize>load<u32>(t, 20); // bytes
  const groupX = <usize>load<u32>(t, 24); // bytes of a group's packed channels
  const height = load<i32>(t, 28); // of the gradient
  const width = load<i32>(t, 32);
  const vectorCount = load<i32>(t, 36);
  const rows = load<i32>(t, 40);
  const columns = load<i32>(t, 44);
  const packed = load<i32>(t, 48);
  const packedBytes = <usize>load<u32>(t, 52);
  const chunk = load<i32>(t, 56); // samples that are packed together
  const channels = load<i32>(t, 60);
  const tapTable = t + load<u32>(t, 64);
  const vectors = t + load<u32>(t, 68);
  const description = t + 72;

  const plane = <usize>(height * width) << 2;
  const stride = (width + 3) & ~3;
  const padded = width != stride && height > 0;
  const paddedPlane = padded ? <usize>(height * stride) << 2 : plane;
  const sampleG = plane * groups * kernels;
  // Sums are kept for whole tiles; what lies beyond the last row and the last tap is not copied out.
  const perGroup = gradients * kernels;
  const rowCount = ((perGroup + rows - 1) / rows) * rows;
  const stepSum = <usize>(((tapCount + columns - 1) / columns) * columns) << 2;
  const sums = scratch;
  const pointers = sums + groups * rowCount * stepSum;
  const images = (pointers + (rowCount << 2) + 15) & ~15;
  const paddedG = images + (packed ? packedBytes * chunk : 0);
  memory.fill(sums, 0, groups * rowCount * stepSum);
  if (packed) memory.fill(images, 0, packedBytes * chunk);

  for (let n = 0; n < samples; n += chunk) {
    const count = min(chunk, samples - n);
    let source = x;
    let stepX = sampleX;
    if (packed) {
      for (let i = 0; i < count; i++) pack(x + i * sampleX, images + i * packedBytes, channels, description);
      source = images;
      stepX = packedBytes;
    }
    for (let group = 0; group < groups; group++) {
      let stepG = sampleG;
      for (let r = 0; r < gradients; r++) {
        for (let k = 0; k < kernels; k++) {
          let from = g + r * (sampleG * samples) + n * sampleG + (group * kernels + k) * plane;
          const row = r * kernels + k;
          if (padded) {
            const to = paddedG + row * (paddedPlane * chunk);
            for (let i = 0; i < count; i++) padRows(from + i * sampleG, to + i * paddedPlane, height, width, stride);
            from = to;
          }
          store<u32>(pointers + (row << 2), <u32>from);
        }
      }
      for (let row = perGroup; row < rowCount; row++) store<u32>(pointers + (row << 2), load<u32>(pointers));
      if (padded) stepG = paddedPlane;
      const groupSums = sums + group * rowCount * stepSum;
      for (let row = 0; row < rowCount; row += rows) {
        const at = pointers + (row << 2);
        for (let tap = 0; tap < tapCount; tap += columns) {
          const to = groupSums + row * stepSum + (tap << 2);
          dot(rows, columns, source, tapTable + (tap << 2), at, vectors, vectorCount, count, stepX, stepG, to, stepSum);
        }
      }
      source += groupX;
    }
    x += sampleX * count;
  }
  for (let r = 0; r < gradients; r++) {
    for (let group = 0; group < groups; group++) {
      for (let k = 0; k < kernels; k++) {
        memory.copy(out, sums + (group * rowCount + r * kernels + k) * stepSum, tapCount << 2);
        out += tapCount << 2;
      }
    }
  }
}
