import { PLACE_BYTES, POINTS, WinogradConvolveTable } from './generated/tables';
import { outer2x2, outer4x2 } from './generated/tiles';
import { kernelPoints } from './kernelPoints';
import { imageLines, patchPoints, placeAt, putPatches, RESULT_BYTES, RESULTS, SIDE } from './minimalFiltering';
import { LANES, PAIR, SHIFT, SIZE } from './precision';

// An input gradient by minimal filtering. By blocks of patch rows, so that the points of a block stay in the cache from
// the transform to the products. Vectors hold patches of a channel, one a lane.

/**
 * out[n][k] (+)= Σ_c w[k][c] ∗ x[n][c] for 3×3 kernels, turned, at stride 1: what `convolve` computes for an input
 * gradient, by minimal filtering.
 *
 * Channels are those of all sources, one after another, whose addresses are in the scratch memory (`point`).
 *
 * @param mask 0, or an array like one of `out`'s leading index: results are zero where it holds x ≤ 0
 */
export function winogradConvolve(out: usize, mask: usize, add: i32, t: WinogradConvolveTable, scratch: usize): void {
  const f = t.filtering;
  memory.fill(scratch + t.zeros, 0, t.starts - t.zeros);
  memory.fill(scratch + t.imagePoints, 0, POINTS * t.imageStep);
  let first = 0;
  for (let s = 0; s < t.sourcesLength; s++) {
    const source = t.sourcesAt(s);
    const w = <usize>load<u32>(scratch + t.addresses + (s << 3), 4);
    const u = scratch + t.kernelPoints + first * (4 * SIZE);
    const block = <usize>f.channels * (4 * SIZE);
    kernelPoints(w, u, t.kernelStep, block, f.kernels, source.channels, source.kernelBytes, source.channelBytes, scratch);
    first += source.channels;
  }
  findStarts(t, scratch);
  const totalRows = f.samples * f.down;
  for (let start = 0; start < totalRows; start += f.blockRows) {
    const rows = min(f.blockRows, totalRows - start);
    findPlaces(t, out, mask, start, rows, scratch);
    transformImages(t, start, rows, scratch);
    multiplyPoints(t, rows * f.across, scratch);
    putResults(t, rows * f.across, add != 0, scratch);
  }
}

/** Where on its lines each patch of a block begins. Patches beyond the last read what is there. */
function findStarts(t: WinogradConvolveTable, scratch: usize): void {
  const f = t.filtering;
  const lines = scratch + t.lines;
  const starts = scratch + t.starts;
  for (let i = 0; i < t.patches; i++) {
    const r = i / f.across;
    const start = r < f.blockRows ? lines + r * (SIDE * f.lineBytes) + (i % f.across) * RESULT_BYTES : lines;
    store<u32>(starts + (i << 2), <u32>start);
  }
}

/** Where the results of a block's patches go, in the first kernel's plane. */
function findPlaces(t: WinogradConvolveTable, out: usize, mask: usize, start: i32, rows: i32, scratch: usize): void {
  const f = t.filtering;
  const row = <usize>f.width << SHIFT;
  const sampleBytes = row * f.height * f.kernels;
  const places = scratch + t.places;
  for (let r = 0; r < rows; r++) {
    const sample = (start + r) / f.down;
    const i = ((start + r) % f.down) * RESULTS;
    const masked = mask ? mask + (sample % t.maskSamples) * sampleBytes + i * row : 0;
    for (let j = 0; j < f.across; j++) {
      const place = placeAt(places, r * f.across + j);
      place.to = out + sample * sampleBytes + i * row + j * RESULT_BYTES;
      place.mask = masked ? masked + j * RESULT_BYTES : 0;
      place.rows = min(RESULTS, f.height - i);
      place.columns = min(RESULTS, f.width - j * RESULTS);
    }
  }
}

/** The points of a block's patches, eight patches of all channels together. */
function transformImages(t: WinogradConvolveTable, start: i32, rows: i32, scratch: usize): void {
  let first = 0;
  for (let s = 0; s < t.sourcesLength; s++) {
    const channels = t.sourcesAt(s).channels;
    transformImage(t, load<u32>(scratch + t.addresses + (s << 3)), channels, first, start, rows, scratch);
    first += channels;
  }
}

/** The same of one source, whose channels are those of all from `firstChannel` on. */
function transformImage(
  t: WinogradConvolveTable, x: usize, channels: i32, firstChannel: i32, start: i32, rows: i32, scratch: usize,
): void {
  const f = t.filtering;
  const pair = <usize>f.channels << 5; // the points of a pair of vectors of patches, of all channels
  const patches = rows * f.across;
  const line = f.lineBytes;
  const lines = scratch + t.lines;
  const starts = scratch + t.starts;
  const step = t.imageStep;
  const planeBytes = <usize>(f.imageW * f.imageH) << SHIFT;
  const top = -f.above;
  const end = top + f.down * RESULTS;
  for (let c = 0; c < channels; c++) {
    // A counter in place of a division for each row: on small images that is a twentieth of the whole.
    let first = top + (start % f.down) * RESULTS;
    let plane = x + ((start / f.down) * channels + c) * planeBytes;
    for (let r = 0; r < rows; r++) {
      imageLines(f, plane, first, scratch + t.zeros, lines + r * (SIDE * line));
      first += RESULTS;
      if (first == end) {
        first = top;
        plane += channels * planeBytes;
      }
    }
    let to = scratch + t.imagePoints + ((firstChannel + c) << 5);
    for (let p = 0; p < patches; p += LANES) {
      const at = starts + (p << 2);
      patchPoints(load<u32>(at), load<u32>(at, 4), load<u32>(at, 8), load<u32>(at, 12), line, to, step);
      to += p & LANES ? pair - 16 : 16;
    }
  }
}

/** At every point, the product of kernels and patches. */
function multiplyPoints(t: WinogradConvolveTable, patches: i32, scratch: usize): void {
  const kernels = t.filtering.kernels;
  const channels = t.filtering.channels;
  const row = <usize>t.patches << SHIFT;
  for (let point = 0; point < POINTS; point++) {
    const kernelsAt = scratch + t.kernelPoints + point * t.kernelStep;
    const results = scratch + t.results + point * t.resultStep;
    let from = scratch + t.imagePoints + point * t.imageStep;
    for (let p = 0; p < patches; p += PAIR) {
      let to = results + (p << SHIFT);
      let four = kernelsAt;
      for (let k = kernels; k > 0; k -= 4) {
        if (k > 2) outer4x2(four, 4 * SIZE, from, 32, channels, to, row, false);
        else outer2x2(four, 4 * SIZE, from, 32, channels, to, row, false);
        four += <usize>channels * (4 * SIZE);
        to += row << 2;
      }
      from += channels << 5;
    }
  }
}

/** The results of a block's patches, to their places. */
function putResults(t: WinogradConvolveTable, patches: i32, add: bool, scratch: usize): void {
  const f = t.filtering;
  const row = <usize>f.width << SHIFT;
  const plane = row * f.height;
  const rowM = <usize>t.patches << SHIFT;
  const step = t.resultStep;
  const results = scratch + t.results;
  for (let p = 0; p < patches; p += LANES) {
    const some = scratch + t.places + p * PLACE_BYTES;
    let whole = true;
    for (let i = 0; i < LANES; i++) {
      const place = placeAt(some, i);
      if (p + i >= patches) place.rows = 0;
      if (place.rows < RESULTS || place.columns < RESULTS) whole = false;
    }
    for (let k = 0; k < f.kernels; k++) {
      putPatches(results + k * rowM + (p << SHIFT), step, some, k * plane, row, whole, add, scratch);
    }
  }
}
