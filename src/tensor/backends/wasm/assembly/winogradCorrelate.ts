import { POINTS, WinogradCorrelateTable } from './generated/tables';
import { outer4x1, outer4x2 } from './generated/tiles';
import { tapsOf } from './kernelPoints';
import { gradientLines, gradientPoints, imageLines, patchPoints, RESULT_BYTES, RESULTS, SIDE } from './minimalFiltering';
import { LANES, PAIR, SHIFT, SIZE } from './precision';

// A weight gradient by minimal filtering. By blocks of patch rows, so that the points of a block stay in the cache from
// the transform to the products. Vectors hold a patch of several channels, or of several kernels.

/**
 * out[r][k][c] = Σ_n g[r][n][k] ⋆ x[n][c], 3×3 taps at stride 1, for `gradients` rows r that share x: what `correlate`
 * computes, by minimal filtering. The points of x are computed once for all rows.
 */
export function winogradCorrelate(out: usize, x: usize, g: usize, t: WinogradCorrelateTable, scratch: usize): void {
  const f = t.filtering;
  memory.fill(scratch + t.zeros, 0, t.imagePoints - t.zeros);
  memory.fill(scratch + t.sums, 0, t.gradients * POINTS * t.sumStep);
  const totalRows = f.samples * f.down;
  const gradientBytes = (<usize>(f.width * f.height) << SHIFT) * t.gradientPlaneCount * f.samples;
  for (let start = 0; start < totalRows; start += f.blockRows) {
    const rows = min(f.blockRows, totalRows - start);
    transformImage(t, x, start, rows, scratch);
    for (let gradient = 0; gradient < t.gradients; gradient++) {
      transformGradient(t, g + gradient * gradientBytes, start, rows, scratch);
      multiplyPoints(t, gradient, rows * f.across, scratch);
    }
  }
  putTaps(t, out, scratch);
}

/** The points of a block's patches, all channels of a patch together. */
function transformImage(t: WinogradCorrelateTable, x: usize, start: i32, rows: i32, scratch: usize): void {
  const f = t.filtering;
  const line = f.lineBytes;
  const rowLines = SIDE * line;
  const lines = scratch + t.imageLines; // of as many channels as there are lanes, which keep their borders of zeros
  const channels = f.channels;
  const patch = <usize>((channels + 3) & ~3) << SHIFT;
  const planeBytes = <usize>(f.imageW * f.imageH) << SHIFT;
  const across = f.across;
  const step = t.imageStep;
  for (let r = 0; r < rows; r++) {
    const first = ((start + r) % f.down) * RESULTS - f.above;
    let plane = x + ((start + r) / f.down) * channels * planeBytes;
    for (let c = 0; c < channels; c += LANES) {
      const count = min(LANES, channels - c);
      for (let i = 0; i < count; i++) {
        imageLines(f, plane, first, scratch + t.zeros, lines + i * rowLines);
        plane += planeBytes;
      }
      let to = scratch + t.imagePoints + r * across * patch + (c << SHIFT);
      let a = lines;
      for (let j = 0; j < across; j++) {
        patchPoints(a, a + rowLines, a + 2 * rowLines, a + 3 * rowLines, line, to, step);
        a += RESULT_BYTES;
        to += patch;
      }
    }
  }
}

/** The same for a row of gradients, all kernels of a patch together. */
function transformGradient(t: WinogradCorrelateTable, g: usize, start: i32, rows: i32, scratch: usize): void {
  const f = t.filtering;
  const line = f.lineBytes;
  const rowLines = SIDE * line;
  const lines = scratch + t.gradientLines; // of as many kernels
  const patch = <usize>((f.kernels + 3) & ~3) << SHIFT;
  const row = <usize>f.width << SHIFT;
  const plane = row * f.height;
  const kernels = f.kernels;
  const across = f.across;
  const step = t.gradientStep;
  const zeros = scratch + t.zeros;
  for (let r = 0; r < rows; r++) {
    const sample = (start + r) / f.down;
    const first = ((start + r) % f.down) * RESULTS;
    for (let k = 0; k < kernels; k += LANES) {
      const count = min(LANES, kernels - k);
      let from = g + (sample * t.gradientPlaneCount + k) * plane;
      for (let i = 0; i < count; i++) {
        gradientLines(from, row, f.height, f.width, first, zeros, lines + i * rowLines, line);
        from += plane;
      }
      let to = scratch + t.gradientPoints + r * across * patch + (k << SHIFT);
      let a = lines;
      for (let j = 0; j < across; j++) {
        gradientPoints(a, a + rowLines, a + 2 * rowLines, a + 3 * rowLines, line, to, step);
        a += RESULT_BYTES;
        to += patch;
      }
    }
  }
}

/** At every point, the products of channels and kernels, added up over patches. */
function multiplyPoints(t: WinogradCorrelateTable, gradient: i32, patches: i32, scratch: usize): void {
  const kernels = t.filtering.kernels;
  const wholeC = (t.filtering.channels + 3) & ~3;
  const rowV = <usize>wholeC << SHIFT;
  const rowY = <usize>((kernels + 3) & ~3) << SHIFT;
  for (let point = 0; point < POINTS; point++) {
    const image = scratch + t.imagePoints + point * t.imageStep;
    const gradients = scratch + t.gradientPoints + point * t.gradientStep;
    const sums = scratch + t.sums + (gradient * POINTS + point) * t.sumStep;
    for (let c = 0; c < wholeC; c += 4) {
      let s = sums + c * rowY;
      let four = gradients;
      let k = kernels;
      for (; k > LANES; k -= PAIR) {
        outer4x2(image + (c << SHIFT), rowV, four, rowY, patches, s, rowY, true);
        s += 32;
        four += 32;
      }
      if (k > 0) outer4x1(image + (c << SHIFT), rowV, four, rowY, patches, s, rowY, true);
    }
  }
}

/** Bytes of the taps of a kernel and a channel. */
const KERNEL_BYTES: usize = 9 * SIZE;

/** The taps of all kernels and channels from the sums at the points. */
function putTaps(t: WinogradCorrelateTable, out: usize, scratch: usize): void {
  const kernels = t.filtering.kernels;
  const channels = t.filtering.channels;
  const rowY = <usize>((kernels + 3) & ~3) << SHIFT;
  for (let gradient = 0; gradient < t.gradients; gradient++) {
    for (let k = 0; k < kernels; k += LANES) {
      for (let c = 0; c < channels; c++) {
        const s = scratch + t.sums + gradient * POINTS * t.sumStep + c * rowY + (k << SHIFT);
        tapsOf(s, t.sumStep, out + (k * channels + c) * KERNEL_BYTES, channels * KERNEL_BYTES, min(LANES, kernels - k), scratch);
      }
    }
    out += kernels * channels * KERNEL_BYTES;
  }
}
