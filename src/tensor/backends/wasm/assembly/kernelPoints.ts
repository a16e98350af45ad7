import { P1, P2, Q1, Q2, SIDE, times } from './minimalFiltering';

// The points of kernels, G g Gᵀ, and the adjoint of that, Gᵀ s G.

const G0: f32 = 1 / 0.87890625;
/** 1/2p²(p²−q²) and 1/2q²(q²−p²). */
const GP: f32 = 1 / (2 * 0.390625 * (0.390625 - 2.25));
const GQ: f32 = 1 / (2 * 2.25 * (2.25 - 0.390625));

/** G of three vectors, stored `step` bytes apart. */
@inline
function putKernel(g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  v128.store(to, times(g0, G0));
  let even = times(f32x4.add(g0, times(g2, P2)), GP);
  let odd = times(g1, P1 * GP);
  v128.store(to + step, f32x4.add(even, odd));
  v128.store(to + 2 * step, f32x4.sub(even, odd));
  even = times(f32x4.add(g0, times(g2, Q2)), GQ);
  odd = times(g1, Q1 * GQ);
  v128.store(to + 3 * step, f32x4.add(even, odd));
  v128.store(to + 4 * step, f32x4.sub(even, odd));
  v128.store(to + 5 * step, g2);
}

@inline
function fourTaps(g: usize, kernel: usize, count: i32): v128 {
  let v = v128.load32_zero(g);
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(g + kernel));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(g + 2 * kernel));
  if (count > 3) v = f32x4.replace_lane(v, 3, load<f32>(g + 3 * kernel));
  return v;
}

/**
 * G g Gᵀ for all kernels, their taps read from the last to the first, [point][block of 4 kernels][channel][4]; zeros for kernels beyond the last.
 *
 * @param stepKernel stepChannel bytes from kernel to kernel and channel to channel
 * @param room for 18 vectors
 */
export function kernelPoints(
  w: usize, to: usize, point: usize, kernels: i32, channels: i32, stepKernel: usize, stepChannel: usize, room: usize,
): void {
  for (let k = 0; k < kernels; k += 4) {
    const count = min(4, kernels - k);
    for (let c = 0; c < channels; c++) {
      const last = w + k * stepKernel + c * stepChannel + 32;
      for (let j: usize = 0; j < 3; j++) {
        const g = last - (j << 2);
        putKernel(
          fourTaps(g, stepKernel, count),
          fourTaps(g - 12, stepKernel, count),
          fourTaps(g - 24, stepKernel, count),
          room + (j << 4),
          48,
        );
      }
      for (let i: usize = 0; i < SIDE; i++) {
        const row = room + i * 48;
        putKernel(v128.load(row), v128.load(row, 16), v128.load(row, 32), to + i * (SIDE * point), point);
      }
      to += 16;
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
  const sumP = times(f32x4.add(s1, s2), GP);
  const differenceP = times(f32x4.sub(s1, s2), P1 * GP);
  const sumQ = times(f32x4.add(s3, s4), GQ);
  const differenceQ = times(f32x4.sub(s3, s4), Q1 * GQ);
  v128.store(to, f32x4.add(times(v128.load(at), G0), f32x4.add(sumP, sumQ)));
  v128.store(to + step, f32x4.add(differenceP, differenceQ));
  const last = v128.load(at + 5 * from);
  v128.store(to + 2 * step, f32x4.add(last, f32x4.add(times(sumP, P2), times(sumQ, Q2))));
}

/**
 * Gᵀ s G for four kernels and a channel: nine taps each at `out`, `kernel` bytes from one kernel to the next.
 *
 * @param s the first point, of four kernels; `point` bytes lead to the next
 * @param room for 27 vectors
 */
export function tapsOf(s: usize, point: usize, out: usize, kernel: usize, count: i32, room: usize): void {
  for (let j: usize = 0; j < SIDE; j++) putTaps(s + j * point, SIDE * point, room + (j << 4), SIDE << 4);
  const taps = room + 288;
  for (let i: usize = 0; i < 3; i++) putTaps(room + i * (SIDE << 4), 16, taps + i * 48, 16);
  for (let lane: usize = 0; lane < <usize>count; lane++) {
    for (let tap: usize = 0; tap < 9; tap++) {
      store<f32>(out + (tap << 2), load<f32>(taps + (tap << 4) + (lane << 2)));
    }
    out += kernel;
  }
}
