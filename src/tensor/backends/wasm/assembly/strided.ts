import { scale } from './generated/tiles';
import { pack } from './pack';
import { put } from './store';

// The input gradient of a convolution with a stride s. Of its pixels those at the same position modulo s see the same
// taps, and no others see these: s·s *phases*, each a convolution at stride 1 of the gradient with a part of the taps.
// (Spread the gradient with zeros in between, and s·s − 1 of s·s multiplications are by one of those.)

/** Numbers that describe a phase. */
const PHASE_BYTES = 28;

/**
 * out[n][k] (+)= the input gradient of channel k, phase by phase.
 *
 * @param out [samples, groups·kernels, height, width]
 * @param g [samples, channels, …]
 * @param mask 0, or an array like one of `out`'s leading index: results are zero where it holds x ≤ 0
 * @param t a table: see `lowerStrided`
 * @param scratch room for packed weights, one packed sample, and the phases of a group
 */
export function convolveStrided(out: usize, g: usize, w: usize, mask: usize, add: i32, t: usize, scratch: usize): void {
  const samples = load<i32>(t);
  const maskSamples = load<i32>(t, 4);
  const groups = load<i32>(t, 8);
  const kernels = load<i32>(t, 12); // a group
  const channels = load<i32>(t, 16); // of g
  const stepGroup = load<i32>(t, 20);
  const stepKernel = load<i32>(t, 24);
  const sampleG = <usize>load<u32>(t, 28); // bytes
  const groupG = <usize>load<u32>(t, 32); // bytes of a group's packed channels
  const packedBytes = <usize>load<u32>(t, 36);
  const phaseBytes = <usize>load<u32>(t, 40); // of a phase of all kernels of a group
  const height = load<i32>(t, 44);
  const width = load<i32>(t, 48);
  const strideH = load<i32>(t, 52);
  const strideW = load<i32>(t, 56);
  const rows = load<i32>(t, 60);
  const columns = load<i32>(t, 64);
  const phases = t + load<u32>(t, 68);
  const description = t + 72;
  const count = strideH * strideW;

  const weightBytes = packWeights(w, scratch, phases, count, groups, kernels, rows, stepGroup, stepKernel, t);
  const image = scratch + groups * weightBytes;
  const results = image + packedBytes;
  memory.fill(image, 0, packedBytes);
  const plane = <usize>(height * width) << 2;
  for (let n = 0; n < samples; n++) {
    pack(g, image, channels, description);
    g += sampleG;
    for (let group = 0; group < groups; group++) {
      let weights = scratch + group * weightBytes;
      const source = image + group * groupG;
      for (let p = 0; p < count; p++) {
        const phase = phases + p * PHASE_BYTES;
        const tapCount = load<i32>(phase);
        const vectorCount = load<i32>(phase, 4);
        const subPlane = <usize>(load<i32>(phase, 8) * load<i32>(phase, 12)) << 2;
        const taps = t + load<u32>(phase, 16);
        const vectors = t + load<u32>(phase, 24);
        let to = results + p * phaseBytes;
        for (let k = 0; k < kernels; k += rows) {
          for (let v = 0; v < vectorCount; v += columns) {
            scale(rows, columns, source, taps, tapCount, weights, vectors + v * 12, to, subPlane, kernels - k, 0, false);
          }
          weights += (tapCount * rows) << 2;
          to += subPlane * rows;
        }
      }
      const at = (n * groups + group) * kernels;
      const through = mask ? mask + ((n % maskSamples) * groups + group) * kernels * plane : 0;
      for (let k = 0; k < kernels; k++) {
        interleave(
          out + (at + k) * plane, through ? through + k * plane : 0, results, phases, phaseBytes, k, height, width, strideH,
          strideW, add != 0,
        );
      }
    }
  }
}

/** Weights by group, phase and block of `rows` kernels, tap by tap: the order in which tiles read them. */
function packWeights(
  w: usize, to: usize, phases: usize, count: i32, groups: i32, kernels: i32, rows: i32, stepGroup: i32, stepKernel: i32, t: usize,
): usize {
  const start = to;
  for (let group = 0; group < groups; group++) {
    for (let p = 0; p < count; p++) {
      const phase = phases + p * PHASE_BYTES;
      const tapCount = load<i32>(phase);
      const places = t + load<u32>(phase, 20);
      for (let k = 0; k < kernels; k += rows) {
        for (let tap = 0; tap < tapCount; tap++) {
          const from = group * stepGroup + k * stepKernel + load<i32>(places + (tap << 2));
          for (let i = 0; i < rows; i++) {
            store<f32>(to, k + i < kernels ? load<f32>(w + ((from + i * stepKernel) << 2)) : 0);
            to += 4;
          }
        }
      }
    }
  }
  return (to - start) / groups;
}

/** Pixel (i·s + a, j·s + b) from place (i, j) of phase (a, b). */
function interleave(
  to: usize, mask: usize, results: usize, phases: usize, phaseBytes: usize, k: i32, height: i32, width: i32, strideH: i32,
  strideW: i32, add: bool,
): void {
  for (let y = 0; y < height; y++) {
    const first = (y % strideH) * strideW;
    const row = y / strideH;
    if (strideW == 2) {
      const even = phaseRow(results, phases, phaseBytes, first, k, row);
      const odd = phaseRow(results, phases, phaseBytes, first + 1, k, row);
      for (let x = 0; x < width; x += 8) {
        const a = v128.load(even + (x << 1));
        const b = v128.load(odd + (x << 1));
        put(to + (x << 2), mask ? mask + (x << 2) : 0, v128.shuffle<f32>(a, b, 0, 4, 1, 5), min(4, width - x), add);
        const at = (x + 4) << 2;
        if (width > x + 4) put(to + at, mask ? mask + at : 0, v128.shuffle<f32>(a, b, 2, 6, 3, 7), min(4, width - x - 4), add);
      }
    } else {
      for (let x = 0; x < width; x++) {
        const from = phaseRow(results, phases, phaseBytes, first + (x % strideW), k, row) + ((x / strideW) << 2);
        put(to + (x << 2), mask ? mask + (x << 2) : 0, v128.load32_splat(from), 1, add);
      }
    }
    to += width << 2;
    if (mask) mask += width << 2;
  }
}

@inline
function phaseRow(results: usize, phases: usize, phaseBytes: usize, p: i32, k: i32, row: i32): usize {
  const phase = phases + p * PHASE_BYTES;
  const columns = load<i32>(phase, 12);
  return results + p * phaseBytes + ((k * load<i32>(phase, 8) * columns + row * columns) << 2);
}
