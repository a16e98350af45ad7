import { outer2x2, outer4x2 } from './generated/tiles';
import { kernelPoints } from './kernelPoints';
import { patchLines, patchPoints, PLACE_BYTES, planeBytes, POINTS, putPatches, SIDE } from './minimalFiltering';

// An input gradient by minimal filtering. By blocks of patch rows, so that the points of a block stay in the cache from the transform to the products.

/**
 * out[n][k] (+)= Σ_c w[k][c] ∗ x[n][c] for 3×3 kernels, turned, at stride 1: what `convolve` computes for an input
 * gradient, by minimal filtering. Vectors hold four patches of a channel.
 *
 * @param t a table: see `lowerWinograd`
 * @param scratch see there
 */
export function winogradConvolve(out: usize, x: usize, w: usize, mask: usize, add: i32, t: usize, scratch: usize): void {
  const samples = load<i32>(t);
  const maskSamples = load<i32>(t, 4);
  const kernels = load<i32>(t, 8);
  const channels = load<i32>(t, 12);
  const stepKernel = <usize>load<u32>(t, 16) << 2;
  const stepChannel = <usize>load<u32>(t, 20) << 2;
  const heightX = load<i32>(t, 24);
  const widthX = load<i32>(t, 28);
  const above = load<i32>(t, 32); // rows and columns of zeros in front of the image
  const before = load<i32>(t, 36);
  const height = load<i32>(t, 40); // of the output
  const width = load<i32>(t, 44);
  const blockRows = load<i32>(t, 48);

  const across = (width + 3) >> 2;
  const down = (height + 3) >> 2;
  const totalRows = samples * down;
  const line = <usize>(across * 4 + 8) << 2; // bytes; the columns of the patches, and where whole vectors end
  const rowLines = line * SIDE;
  const most = (blockRows * across + 7) & ~7; // patches of a block
  const blocks = (kernels + 3) >> 2;
  const rowX = <usize>widthX << 2;
  const planeX = rowX * heightX;
  const row = <usize>width << 2;
  const plane = row * height;
  const rowM = <usize>most << 2;
  const stepU = planeBytes(<usize>(blocks * channels) << 4);
  const stepV = planeBytes(<usize>channels * rowM);
  const stepM = planeBytes(<usize>(blocks << 2) * rowM);

  const room = scratch; // 40 vectors
  const zeros = room + 640;
  const lines = (zeros + rowX + 127) & ~63;
  const starts = lines + rowLines * (blockRows + 1); // behind the lines: what vectors read beyond the last
  const places = starts + (most << 2);
  const u = (places + most * PLACE_BYTES + 63) & ~63;
  const v = u + POINTS * stepU;
  const m = v + POINTS * stepV;
  memory.fill(zeros, 0, starts - zeros);
  memory.fill(v, 0, POINTS * stepV);
  kernelPoints(w, u, stepU, kernels, channels, stepKernel, stepChannel, room);
  // Patches beyond the last read what is there.
  for (let i = 0; i < most; i++) {
    const r = i / across;
    store<u32>(starts + (i << 2), r < blockRows ? <u32>(lines + r * rowLines + ((i % across) << 4)) : <u32>lines);
  }

  const skip = before < 0 ? -before : 0;
  const fromLeft = <usize>skip << 2;
  const behind = lines + (<usize>max(0, before) << 2);
  const columns = min(widthX - skip, across * 4 + 2 - max(0, before));

  for (let start = 0; start < totalRows; start += blockRows) {
    const rows = min(blockRows, totalRows - start);
    const patches = rows * across;
    for (let r = 0; r < rows; r++) {
      const sample = (start + r) / down;
      const i = ((start + r) % down) << 2;
      const mine = i * row;
      const masked = mask ? mask + (sample % maskSamples) * kernels * plane + mine : 0;
      for (let j = 0; j < across; j++) {
        const place = places + (r * across + j) * PLACE_BYTES;
        store<u32>(place, <u32>(out + sample * kernels * plane + mine + (j << 4)));
        store<u32>(place, <u32>(masked ? masked + (j << 4) : 0), 4);
        store<i32>(place, min(4, height - i), 8);
        store<i32>(place, min(4, width - (j << 2)), 12);
      }
    }
    for (let c = 0; c < channels; c++) {
      for (let r = 0; r < rows; r++) {
        const sample = (start + r) / down;
        const first = (((start + r) % down) << 2) - above;
        const from = x + (sample * channels + c) * planeX;
        patchLines(from + fromLeft, rowX, heightX, columns, first, zeros, behind + r * rowLines, line);
      }
      let to = v + (c << 5);
      for (let p = 0; p < patches; p += 4) {
        const four = starts + (p << 2);
        patchPoints(load<u32>(four), load<u32>(four, 4), load<u32>(four, 8), load<u32>(four, 12), line, to, stepV);
        to += p & 4 ? (channels << 5) - 16 : 16;
      }
    }
    for (let point: usize = 0; point < POINTS; point++) {
      const kernelsAt = u + point * stepU;
      const results = m + point * stepM;
      let from = v + point * stepV;
      for (let p = 0; p < patches; p += 8) {
        let to = results + (p << 2);
        let four = kernelsAt;
        for (let k = kernels; k > 0; k -= 4) {
          if (k > 2) outer4x2(four, 16, from, 32, channels, to, rowM, false);
          else outer2x2(four, 16, from, 32, channels, to, rowM, false);
          four += channels << 4;
          to += rowM << 2;
        }
        from += channels << 5;
      }
    }
    for (let p = 0; p < patches; p += 4) {
      const four = places + p * PLACE_BYTES;
      let whole = true;
      for (let i = 0; i < 4; i++) {
        const place = four + i * PLACE_BYTES;
        if (p + i >= patches) store<i32>(place, 0, 8); // no rows
        if (load<i32>(place, 8) < 4 || load<i32>(place, 12) < 4) whole = false;
      }
      for (let k = 0; k < kernels; k++) {
        putPatches(m + k * rowM + (p << 2), stepM, four, k * plane, row, whole, add != 0, room);
      }
    }
  }
}
