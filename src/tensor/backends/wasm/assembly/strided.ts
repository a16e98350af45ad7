import { StridedTable, VECTOR_BYTES } from './generated/tables';
import { scale } from './generated/tiles';
import { pack } from './pack';
import { highLanes, lowLanes, put } from './store';
import { LANES, PAIR, Real, SHIFT, SIZE } from './precision';

// The input gradient of a convolution with a stride s. Of its pixels those at the same position modulo s see the same
// taps, and no others see these: s·s *phases*, each a convolution at stride 1 of the gradient with a part of the taps.
// (Spread the gradient with zeros in between, and s·s − 1 of s·s multiplications are by one of those.)

/**
 * out[n][k] (+)= the input gradient of channel k, phase by phase.
 *
 * @param out [samples, groups·kernels, height, width]
 * @param g [samples, channels, …]
 * @param mask 0, or an array like one of `out`'s leading index: results are zero where it holds x ≤ 0
 * @param scratch room for packed weights, one packed sample, and the phases of a group
 */
export function convolveStrided(
  out: usize, g: usize, w: usize, mask: usize, add: i32, t: StridedTable, scratch: usize,
): void {
  const groups = t.groups;
  const kernels = t.kernels;
  const rows = t.tileRows;
  const columns = t.tileColumns;

  packWeights(w, scratch, t);
  const image = scratch + t.image;
  const results = scratch + t.results;
  memory.fill(image, 0, t.packedBytes);
  const plane = <usize>(t.height * t.width) << SHIFT;
  for (let n = 0; n < t.samples; n++) {
    pack(g, image, t.channels, t.packing);
    g += t.sampleBytes;
    for (let group = 0; group < groups; group++) {
      let weights = scratch + group * t.weightBytes;
      const source = image + group * t.groupBytes;
      for (let p = 0; p < t.phasesLength; p++) {
        const phase = t.phasesAt(p);
        const tapCount = phase.tapsLength;
        const subPlane = <usize>(phase.height * phase.width) << SHIFT;
        let to = results + p * t.phaseBytes;
        for (let k = 0; k < kernels; k += rows) {
          for (let v = 0; v < phase.vectorsLength; v += columns) {
            const vectors = phase.vectors + v * VECTOR_BYTES;
            scale(rows, columns, source, phase.taps, tapCount, weights, vectors, to, subPlane, kernels - k, 0, false);
          }
          weights += (tapCount * rows) << SHIFT;
          to += subPlane * rows;
        }
      }
      const at = (n * groups + group) * kernels;
      const through = mask ? mask + ((n % t.maskSamples) * groups + group) * kernels * plane : 0;
      for (let k = 0; k < kernels; k++) {
        interleave(out + (at + k) * plane, through ? through + k * plane : 0, results, k, t, add != 0);
      }
    }
  }
}

/** Weights by group, phase and block of tile rows, tap by tap: the order in which tiles read them. */
function packWeights(w: usize, to: usize, t: StridedTable): void {
  const kernels = t.kernels;
  const rows = t.tileRows;
  const kernelStride = t.kernelStride;
  for (let group = 0; group < t.groups; group++) {
    for (let p = 0; p < t.phasesLength; p++) {
      const phase = t.phasesAt(p);
      for (let k = 0; k < kernels; k += rows) {
        for (let tap = 0; tap < phase.weightsLength; tap++) {
          const from = group * t.groupStride + k * kernelStride + phase.weightsAt(tap);
          for (let i = 0; i < rows; i++) {
            store<Real>(to, k + i < kernels ? load<Real>(w + ((from + i * kernelStride) << SHIFT)) : 0);
            to += SIZE;
          }
        }
      }
    }
  }
}

/** Pixel (i·s + a, j·s + b) from place (i, j) of phase (a, b). */
function interleave(to: usize, mask: usize, results: usize, k: i32, t: StridedTable, add: bool): void {
  const width = t.width;
  const strideH = t.strideH;
  const strideW = t.strideW;
  for (let y = 0; y < t.height; y++) {
    const first = (y % strideH) * strideW;
    const row = y / strideH;
    if (strideW == 2) {
      const even = phaseRow(results, t, first, k, row);
      const odd = phaseRow(results, t, first + 1, k, row);
      for (let x = 0; x < width; x += PAIR) {
        const a = v128.load(even + (x << (SHIFT - 1)));
        const b = v128.load(odd + (x << (SHIFT - 1)));
        put(to + (x << SHIFT), mask ? mask + (x << SHIFT) : 0, lowLanes(a, b), min(LANES, width - x), add);
        const at = (x + LANES) << SHIFT;
        const left = width - x - LANES;
        if (left > 0) put(to + at, mask ? mask + at : 0, highLanes(a, b), min(LANES, left), add);
      }
    } else {
      for (let x = 0; x < width; x++) {
        const from = phaseRow(results, t, first + (x % strideW), k, row) + ((x / strideW) << SHIFT);
        put(to + (x << SHIFT), mask ? mask + (x << SHIFT) : 0, v128.load_splat<Real>(from), 1, add);
      }
    }
    to += width << SHIFT;
    if (mask) mask += width << SHIFT;
  }
}

@inline
function phaseRow(results: usize, t: StridedTable, p: i32, k: i32, row: i32): usize {
  const phase = t.phasesAt(p);
  return results + p * t.phaseBytes + (((k * phase.height + row) * phase.width) << SHIFT);
}
