import { P1, P2, Q1, Q2, SIDE, times } from './minimalFiltering';
import { LANES, Real, SHIFT, SIZE } from './precision';

// The points of kernels, G g Gᵀ, and the adjoint of that, Gᵀ s G.

const G0: Real = 1 / 0.87890625;
/** 1/2p²(p²−q²) and 1/2q²(q²−p²). */
const GP: Real = 1 / (2 * 0.390625 * (0.390625 - 2.25));
const GQ: Real = 1 / (2 * 2.25 * (2.25 - 0.390625));

/** G of three vectors, stored `step` bytes apart. */
@inline
function putKernel(g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  v128.store(to, times(g0, G0));
  let even = times(v128.add<Real>(g0, times(g2, P2)), GP);
  let odd = times(g1, P1 * GP);
  v128.store(to + step, v128.add<Real>(even, odd));
  v128.store(to + 2 * step, v128.sub<Real>(even, odd));
  even = times(v128.add<Real>(g0, times(g2, Q2)), GQ);
  odd = times(g1, Q1 * GQ);
  v128.store(to + 3 * step, v128.add<Real>(even, odd));
  v128.store(to + 4 * step, v128.sub<Real>(even, odd));
  v128.store(to + 5 * step, g2);
}

@inline
function tapOfKernels(g: usize, kernel: usize, count: i32): v128 {
  let v = v128.load_zero<Real>(g);
  if (count > 1) v = v128.replace_lane<Real>(v, 1, load<Real>(g + kernel));
  if (LANES == 4) {
    if (count > 2) v = v128.replace_lane<Real>(v, 2, load<Real>(g + 2 * kernel));
    if (count > 3) v = v128.replace_lane<Real>(v, 3, load<Real>(g + 3 * kernel));
  }
  return v;
}

/**
 * G g Gᵀ for all kernels, their taps read from the last to the first, [point][block of 4 kernels][channel][4]; zeros
 * for the rest of a vector beyond the last kernel.
 *
 * @param block bytes from one block of 4 kernels to the next
 * @param stepKernel stepChannel bytes from kernel to kernel and channel to channel
 * @param room for 18 vectors
 */
export function kernelPoints(
  w: usize, to: usize, point: usize, block: usize, kernels: i32, channels: i32, stepKernel: usize, stepChannel: usize,
  room: usize,
): void {
  for (let k = 0; k < kernels; k += LANES) {
    const count = min(LANES, kernels - k);
    let points = to + (k >> 2) * block + (<usize>(k & 3) << SHIFT);
    for (let c = 0; c < channels; c++) {
      const last = w + k * stepKernel + c * stepChannel + 8 * SIZE;
      for (let j: usize = 0; j < 3; j++) {
        const g = last - (j << SHIFT);
        putKernel(
          tapOfKernels(g, stepKernel, count),
          tapOfKernels(g - 3 * SIZE, stepKernel, count),
          tapOfKernels(g - 6 * SIZE, stepKernel, count),
          room + (j << 4),
          48,
        );
      }
      for (let i: usize = 0; i < SIDE; i++) {
        const row = room + i * 48;
        putKernel(v128.load(row), v128.load(row, 16), v128.load(row, 32), points + i * (SIDE * point), point);
      }
      points += 4 * SIZE;
    }
  }
}

/** Gᵀ of six vectors `from` bytes apart, stored 16 bytes apart times `step`. */
@inline
function putTaps(at: usize, from: usize, to: usize, step: usize): void {
  const s1 = v128.load(at + from);
  const s2 = v128.load(at + 2 * from);
  const s3 = v128.load(at + 3 * from);
  const s4 = v128.load(at + 4 * from);
  const sumP = times(v128.add<Real>(s1, s2), GP);
  const differenceP = times(v128.sub<Real>(s1, s2), P1 * GP);
  const sumQ = times(v128.add<Real>(s3, s4), GQ);
  const differenceQ = times(v128.sub<Real>(s3, s4), Q1 * GQ);
  v128.store(to, v128.add<Real>(times(v128.load(at), G0), v128.add<Real>(sumP, sumQ)));
  v128.store(to + step, v128.add<Real>(differenceP, differenceQ));
  const last = v128.load(at + 5 * from);
  v128.store(to + 2 * step, v128.add<Real>(last, v128.add<Real>(times(sumP, P2), times(sumQ, Q2))));
}

/**
 * Gᵀ s G for the kernels of a vector and a channel: nine taps each at `out`, `kernel` bytes from one kernel to the next.
 *
 * @param s the first point; `point` bytes lead to the next
 * @param room for 27 vectors
 */
export function tapsOf(s: usize, point: usize, out: usize, kernel: usize, count: i32, room: usize): void {
  for (let j: usize = 0; j < SIDE; j++) putTaps(s + j * point, SIDE * point, room + (j << 4), SIDE << 4);
  const taps = room + 288;
  for (let i: usize = 0; i < 3; i++) putTaps(room + i * (SIDE << 4), 16, taps + i * 48, 16);
  for (let lane: usize = 0; lane < <usize>count; lane++) {
    for (let tap: usize = 0; tap < 9; tap++) {
      store<Real>(out + (tap << SHIFT), load<Real>(taps + (tap << 4) + (lane << SHIFT)));
    }
    out += kernel;
  }
}
