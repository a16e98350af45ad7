import { outer4x1, outer4x2 } from './generated/tiles';
import { tapsOf } from './kernelPoints';
import { gradientLines, gradientPoints, patchLines, patchPoints, planeBytes, POINTS, SIDE } from './minimalFiltering';

// A weight gradient by minimal filtering. By blocks of patch rows, so that the points of a block stay in the cache from the transform to the products.

/**
 * out[r][k][c] = Σ_n g[r][n][k] ⋆ x[n][c], 3×3 taps at stride 1, for `gradients` rows r that share x: what `correlate`
 * computes, by minimal filtering. The points of x are computed once for all rows. Vectors hold a patch of four channels,
 * or of four kernels.
 *
 * @param t a table: see `lowerWinogradGradient`
 * @param scratch see there
 */
export function winogradCorrelate(out: usize, x: usize, g: usize, t: usize, scratch: usize): void {
  const gradients = load<i32>(t);
  const samples = load<i32>(t, 4);
  const kernels = load<i32>(t, 8);
  const channels = load<i32>(t, 12);
  const heightX = load<i32>(t, 16);
  const widthX = load<i32>(t, 20);
  const above = load<i32>(t, 24);
  const before = load<i32>(t, 28);
  const height = load<i32>(t, 32); // of the gradient
  const width = load<i32>(t, 36);
  const blockRows = load<i32>(t, 40);

  const across = (width + 3) >> 2;
  const down = (height + 3) >> 2;
  const totalRows = samples * down;
  const line = <usize>(across * 4 + 8) << 2;
  const rowLines = line * SIDE;
  const most = blockRows * across;
  const wholeC = (channels + 3) & ~3;
  const wholeK = (kernels + 3) & ~3;
  const rowV = <usize>wholeC << 2;
  const rowY = <usize>wholeK << 2;
  const rowX = <usize>widthX << 2;
  const planeX = rowX * heightX;
  const row = <usize>width << 2;
  const plane = row * height;
  const sampleG = plane * kernels;
  const stepV = planeBytes(most * rowV);
  const stepY = planeBytes(most * rowY);
  const stepS = planeBytes(<usize>wholeC * rowY);

  const room = scratch; // 40 vectors
  const zeros = room + 640;
  const linesX = (zeros + max(rowX, row) + 127) & ~63; // of four channels, which keep their borders of zeros
  const linesG = linesX + 4 * rowLines; // of four kernels
  const v = (linesG + 4 * rowLines + 127) & ~63;
  const y = v + POINTS * stepV;
  const sums = y + POINTS * stepY;
  memory.fill(zeros, 0, v - zeros);
  memory.fill(sums, 0, gradients * POINTS * stepS);

  const skip = before < 0 ? -before : 0;
  const fromLeft = <usize>skip << 2;
  const behind = linesX + (<usize>max(0, before) << 2);
  const columns = min(widthX - skip, across * 4 + 2 - max(0, before));

  for (let start = 0; start < totalRows; start += blockRows) {
    const rows = min(blockRows, totalRows - start);
    const patches = rows * across;
    for (let r = 0; r < rows; r++) {
      const sample = (start + r) / down;
      const first = (((start + r) % down) << 2) - above;
      for (let c = 0; c < channels; c += 4) {
        const count = min(4, channels - c);
        let from = x + (sample * channels + c) * planeX + fromLeft;
        for (let i = 0; i < count; i++) {
          patchLines(from, rowX, heightX, columns, first, zeros, behind + i * rowLines, line);
          from += planeX;
        }
        let to = v + r * across * rowV + (c << 2);
        let a = linesX;
        for (let j = 0; j < across; j++) {
          patchPoints(a, a + rowLines, a + 2 * rowLines, a + 3 * rowLines, line, to, stepV);
          a += 16;
          to += rowV;
        }
      }
    }
    for (let gradient = 0; gradient < gradients; gradient++) {
      for (let r = 0; r < rows; r++) {
        const sample = (start + r) / down;
        const first = ((start + r) % down) << 2;
        for (let k = 0; k < kernels; k += 4) {
          const count = min(4, kernels - k);
          let from = g + (gradient * samples + sample) * sampleG + k * plane;
          for (let i = 0; i < count; i++) {
            gradientLines(from, row, height, width, first, zeros, linesG + i * rowLines, line);
            from += plane;
          }
          let to = y + r * across * rowY + (k << 2);
          let a = linesG;
          for (let j = 0; j < across; j++) {
            gradientPoints(a, a + rowLines, a + 2 * rowLines, a + 3 * rowLines, line, to, stepY);
            a += 16;
            to += rowY;
          }
        }
      }
      for (let point: usize = 0; point < POINTS; point++) {
        const vAt = v + point * stepV;
        const yAt = y + point * stepY;
        const sAt = sums + (gradient * POINTS + point) * stepS;
        for (let c = 0; c < wholeC; c += 4) {
          let s = sAt + c * rowY;
          let four = yAt;
          let k = kernels;
          for (; k > 4; k -= 8) {
            outer4x2(vAt + (c << 2), rowV, four, rowY, patches, s, rowY, true);
            s += 32;
            four += 32;
          }
          if (k > 0) outer4x1(vAt + (c << 2), rowV, four, rowY, patches, s, rowY, true);
        }
      }
    }
  }
  for (let gradient = 0; gradient < gradients; gradient++) {
    for (let k = 0; k < kernels; k += 4) {
      for (let c = 0; c < channels; c++) {
        const s = sums + gradient * POINTS * stepS + c * rowY + (k << 2);
        tapsOf(s, stepS, out + (k * channels + c) * 36, channels * 36, min(4, kernels - k), room);
      }
    }
    out += kernels * channels * 36;
  }
}
