import { ConvolveTable, CorrelateTable, Source, TILE_BYTES, VECTOR_BYTES } from './generated/tables';
import { dot, dotRow, scale } from './generated/tiles';
import { pack, padRows } from './pack';
import { LANES, Real, SHIFT, SIZE } from './precision';

// A convolution and both its adjoints are two loops: one scales pixels by weights (`convolve`, for the convolution and
// the input gradient, which is a convolution with the weights read the other way round), one takes inner products over
// pixels (`correlate`, for the weight gradient). What they differ in — stride, padding, dilation, groups, which way
// round — is in the tables that they are given.

/**
 * out[n][k] (+)= Σ_t w[k][t] · x[n][t], for every sample n and kernel k; t runs over the taps of all sources, which are
 * pairs of x and w.
 *
 * A source's x is [samples, channels, …]; kernel k's tap (c, rs) is at w[k·kernelStride + c·channelStride + rs], group g's
 * begin at w[g·groupStride].
 *
 * @param out [samples, groups·kernels, plane]
 * @param mask 0, or an array like one of `out`'s leading index: results are zero where it holds x ≤ 0
 * @param add whether results are added to the present values
 * @param scratch the addresses of the sources (`point`), then room for packed weights and one packed sample of each
 */
export function convolve(out: usize, mask: usize, add: i32, t: ConvolveTable, scratch: usize): void {
  const groups = t.groups;
  const kernels = t.kernels;
  const tapCount = t.tapsLength;
  const plane = t.outputPlaneBytes;
  const rows = t.tileRows;
  const columns = t.tileColumns;
  const vectorCount = t.vectorsLength;
  const sourceCount = t.sourcesLength;
  const taps = t.taps;

  // Weights by blocks of `rows` kernels, tap by tap: the order in which tiles read them.
  const weights = scratch + t.weights;
  let to = weights;
  for (let g = 0; g < groups; g++) {
    for (let k = 0; k < kernels; ) {
      const height = blockHeight(rows, kernels - k);
      for (let s = 0; s < sourceCount; s++) to = packWeights(to, load<u32>(scratch + (s << 3), 4), t.sourcesAt(s), g, k, height, kernels);
      k += height;
    }
  }
  const weightBytes = (to - weights) / groups; // of a group

  const packed = t.packed;
  const images = scratch + t.images;
  if (packed) memory.fill(images, 0, t.packedBytes);
  let maskSample = 0;
  const maskStart = mask;
  for (let n = 0; n < t.samples; n++) {
    let source = images;
    for (let s = 0; s < sourceCount; s++) {
      const at = scratch + (s << 3);
      const each = t.sourcesAt(s);
      const x = <usize>load<u32>(at);
      if (packed) pack(x, images + each.image, groups * each.channels, each.packing);
      else source = x;
      store<u32>(at, <u32>(x + each.sampleBytes));
    }
    for (let g = 0; g < groups; g++) {
      for (let v = 0; v < vectorCount; v += columns) {
        const vectors = t.vectors + v * VECTOR_BYTES;
        let o = out;
        let m = mask;
        let block = weights + g * weightBytes;
        for (let k = 0; k < kernels; ) {
          const left = kernels - k;
          const height = blockHeight(rows, left);
          scale(height, columns, source, taps, tapCount, block, vectors, o, plane, left, m, add != 0);
          k += height;
          block += (tapCount * height) << SHIFT;
          o += plane * height;
          if (m) m += plane * height;
        }
      }
      source += t.groupBytes;
      out += plane * kernels;
      if (mask) mask += plane * kernels;
    }
    if (mask && ++maskSample == t.maskSamples) {
      mask = maskStart;
      maskSample = 0;
    }
  }
}

/** Weights of `height` kernels from kernel k of group g on, tap by tap; zeros for kernels beyond the last. */
function packWeights(to: usize, w: usize, source: Source, g: i32, k: i32, height: i32, kernels: i32): usize {
  const kernelStride = source.kernelStride;
  for (let c = 0; c < source.channels; c++) {
    for (let tap = 0; tap < source.channelTaps; tap++) {
      const from = w + ((g * source.groupStride + k * kernelStride + c * source.channelStride + tap) << SHIFT);
      for (let i = 0; i < height; i++) {
        store<Real>(to, k + i < kernels ? load<Real>(from + ((i * kernelStride) << SHIFT)) : 0);
        to += SIZE;
      }
    }
  }
  return to;
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
 * @param scratch room for a tile, sums, pointers, packed samples and padded gradients
 */
export function correlate(out: usize, x: usize, g: usize, t: CorrelateTable, scratch: usize): void {
  const gradients = t.gradients;
  const samples = t.samples;
  const groups = t.groups;
  const kernels = t.kernels;
  const tapCount = t.tapCount;
  const sampleX = t.sampleBytes;
  const height = t.height;
  const width = t.width;
  const rows = t.tileRows;
  const columns = t.tileColumns;
  const packed = t.packed;
  const packedBytes = t.packedBytes;
  const chunk = t.chunk;
  const positions = t.positionsLength / chunk; // of a sample

  const plane = <usize>(height * width) << SHIFT;
  const stride = (width + LANES - 1) & -LANES;
  const padded = width != stride && height > 0;
  const paddedPlane = padded ? <usize>(height * stride) << SHIFT : plane;
  const sampleG = plane * t.gradientPlaneCount;
  // Sums are kept for whole tiles; what lies beyond the last row and the last tap is not copied out.
  const perGroup = gradients * kernels;
  const rowCount = ((perGroup + rows - 1) / rows) * rows;
  const stepSum = <usize>t.tapsLength << SHIFT;
  const sums = scratch + TILE_BYTES;
  const pointers = scratch + t.pointers;
  const images = scratch + t.images;
  const paddedG = scratch + t.gradientPlanes;
  memory.fill(sums, 0, groups * rowCount * stepSum);
  if (packed) memory.fill(images, 0, packedBytes * chunk);

  for (let n = 0; n < samples; n += chunk) {
    const count = min(chunk, samples - n);
    const positionCount = count * positions;
    let source = x;
    if (packed) {
      for (let i = 0; i < count; i++) pack(x + i * sampleX, images + i * packedBytes, t.channels, t.packing);
      source = images;
    }
    for (let group = 0; group < groups; group++) {
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
      const groupSums = sums + group * rowCount * stepSum;
      for (let row = 0; row < rowCount; row += rows) {
        const at = pointers + (row << 2);
        for (let tap = 0; tap < tapCount; tap += columns) {
          const to = groupSums + row * stepSum + (tap << SHIFT);
          const taps = t.taps + (tap << 2);
          if (t.tileOfRow) dotRow(rows, columns, source, taps, at, t.positions, positionCount, to, stepSum, scratch);
          else dot(rows, columns, source, taps, at, t.positions, positionCount, to, stepSum, scratch);
        }
      }
      source += t.groupBytes;
    }
    x += sampleX * count;
  }
  for (let r = 0; r < gradients; r++) {
    for (let group = 0; group < groups; group++) {
      for (let k = 0; k < kernels; k++) {
        memory.copy(out, sums + (group * rowCount + r * kernels + k) * stepSum, tapCount << SHIFT);
        out += tapCount << SHIFT;
      }
    }
  }
}
