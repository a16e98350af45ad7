import { Filtering, Place, PLACE_BYTES, POINTS_SIDE } from './generated/tables';
import { firstLanes, put } from './store';

// Minimal filtering F(4×4, 3×3) (Winograd 1980; Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks"):
// sixteen neighbouring windows of a 3×3 convolution take 36 multiplications a channel in place of 144. With a 6×6 patch d
// of the image, a kernel g and the 4×4 results y,
//
//     y = Aᵀ [Σ_channels (G g Gᵀ) ⊙ (Bᵀ d B)] A.
//
// It multiplies polynomials by their values at the points 0, ±p, ±q and ∞. With P = p²q² and S = p² + q²,
//
//     Bᵀ = P   0  −S   0   1   0     G = 1/P     0      0      Aᵀ = 1  1   1   1   1   0
//          0 −pq² −q²  p   1   0         (1    p     p²)/2p²(p²−q²)   0  p  −p   q  −q   0
//          0  pq² −q² −p   1   0         (1   −p     p²)/2p²(p²−q²)   0  p²  p²  q²  q²  0
//          0 −qp² −p²  q   1   0         (1    q     q²)/2q²(q²−p²)   0  p³ −p³  q³ −q³  1
//          0  qp² −p² −q   1   0         (1   −q     q²)/2q²(q²−p²)
//          0   P   0  −S   0   1         0      0      1
//
// The customary p = 1, q = 2 loses two decimal digits in the worst of results. With p = 5/8 and q = 3/2 the values are of
// like size, every factor of A and B is exact in float32, and the error is twice that of the direct sum, four times less.
//
// The sum is linear in the kernel, so that the weight gradient is its adjoint, Gᵀ [Σ_patches (A y Aᵀ) ⊙ (Bᵀ d B)] G.
// Either way there are 36 matrix products, one for each place of the 6×6 plane.
//
// A transform goes down the columns first, whole rows at a time: *lines*, six for each row of patches. Then along the
// lines, for four patches side by side in a vector: wherever these begin, four patches of a channel or one of four.

export const P1: f32 = 0.625;
export const P2: f32 = 0.390625;
const P3: f32 = 0.244140625;
export const Q1: f32 = 1.5;
export const Q2: f32 = 2.25;
const Q3: f32 = 3.375;
const PRODUCT: f32 = 0.87890625;
const SUM: f32 = 2.640625;

/** The number of points along a side. */
export const SIDE: usize = POINTS_SIDE;

@inline
export function times(v: v128, factor: f32): v128 {
  return f32x4.mul(v, f32x4.splat(factor));
}

/** Bᵀ of six vectors, stored `step` bytes apart. */
@inline
function putPatch(d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, to: usize, step: usize): void {
  v128.store(to, f32x4.add(times(d0, PRODUCT), f32x4.sub(d4, times(d2, SUM))));
  let even = f32x4.sub(d4, times(d2, Q2));
  let odd = times(f32x4.sub(d3, times(d1, Q2)), P1);
  v128.store(to + step, f32x4.add(even, odd));
  v128.store(to + 2 * step, f32x4.sub(even, odd));
  even = f32x4.sub(d4, times(d2, P2));
  odd = times(f32x4.sub(d3, times(d1, P2)), Q1);
  v128.store(to + 3 * step, f32x4.add(even, odd));
  v128.store(to + 4 * step, f32x4.sub(even, odd));
  v128.store(to + 5 * step, f32x4.add(times(d1, PRODUCT), f32x4.sub(d5, times(d3, SUM))));
}

/** A of four vectors, stored `step` bytes apart. */
@inline
function putGradient(y0: v128, y1: v128, y2: v128, y3: v128, to: usize, step: usize): void {
  v128.store(to, y0);
  let even = f32x4.add(y0, times(y2, P2));
  let odd = f32x4.add(times(y1, P1), times(y3, P3));
  v128.store(to + step, f32x4.add(even, odd));
  v128.store(to + 2 * step, f32x4.sub(even, odd));
  even = f32x4.add(y0, times(y2, Q2));
  odd = f32x4.add(times(y1, Q1), times(y3, Q3));
  v128.store(to + 3 * step, f32x4.add(even, odd));
  v128.store(to + 4 * step, f32x4.sub(even, odd));
  v128.store(to + 5 * step, y3);
}

/** Aᵀ of six vectors `from` bytes apart, stored `step` bytes apart. */
@inline
function putResults(at: usize, from: usize, to: usize, step: usize): void {
  const m1 = v128.load(at + from);
  const m2 = v128.load(at + 2 * from);
  const m3 = v128.load(at + 3 * from);
  const m4 = v128.load(at + 4 * from);
  const sumP = f32x4.add(m1, m2);
  const differenceP = f32x4.sub(m1, m2);
  const sumQ = f32x4.add(m3, m4);
  const differenceQ = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(v128.load(at), f32x4.add(sumP, sumQ)));
  v128.store(to + step, f32x4.add(times(differenceP, P1), times(differenceQ, Q1)));
  v128.store(to + 2 * step, f32x4.add(times(sumP, P2), times(sumQ, Q2)));
  const last = v128.load(at + 5 * from);
  v128.store(to + 3 * step, f32x4.add(last, f32x4.add(times(differenceP, P3), times(differenceQ, Q3))));
}

@inline
function load4(from: usize, lanes: v128): v128 {
  return v128.and(v128.load(from), lanes);
}

/**
 * Row `first` and those below it, down the columns: the six lines of a row of patches.
 *
 * @param x a plane; a row outside of it is zero, and read at `zeros`
 * @param row bytes of a row
 * @param width of the plane
 * @param to the first line; `step` bytes lead to the next
 */
function patchLines(x: usize, row: usize, height: i32, width: i32, first: i32, zeros: usize, to: usize, step: usize): void {
  let a = rowAt(x, row, height, first, zeros);
  let b = rowAt(x, row, height, first + 1, zeros);
  let c = rowAt(x, row, height, first + 2, zeros);
  let d = rowAt(x, row, height, first + 3, zeros);
  let e = rowAt(x, row, height, first + 4, zeros);
  let f = rowAt(x, row, height, first + 5, zeros);
  let left = width;
  for (; left >= 4; left -= 4) {
    putPatch(v128.load(a), v128.load(b), v128.load(c), v128.load(d), v128.load(e), v128.load(f), to, step);
    a += 16;
    b += 16;
    c += 16;
    d += 16;
    e += 16;
    f += 16;
    to += 16;
  }
  if (left > 0) {
    const m = firstLanes(left);
    putPatch(load4(a, m), load4(b, m), load4(c, m), load4(d, m), load4(e, m), load4(f, m), to, step);
  }
}

/** The same for a row of patches of results: four rows become six lines. */
export function gradientLines(y: usize, row: usize, height: i32, width: i32, first: i32, zeros: usize, to: usize, step: usize): void {
  let a = rowAt(y, row, height, first, zeros);
  let b = rowAt(y, row, height, first + 1, zeros);
  let c = rowAt(y, row, height, first + 2, zeros);
  let d = rowAt(y, row, height, first + 3, zeros);
  let left = width;
  for (; left >= 4; left -= 4) {
    putGradient(v128.load(a), v128.load(b), v128.load(c), v128.load(d), to, step);
    a += 16;
    b += 16;
    c += 16;
    d += 16;
    to += 16;
  }
  if (left > 0) {
    const m = firstLanes(left);
    putGradient(load4(a, m), load4(b, m), load4(c, m), load4(d, m), to, step);
  }
}

/**
 * The lines of an image for a row of patches that begins at row `first`; columns beyond the image stay as they are.
 *
 * @param plane a channel of the image
 */
@inline
export function imageLines(t: Filtering, plane: usize, first: i32, zeros: usize, to: usize): void {
  const row = <usize>t.imageW << 2;
  patchLines(plane + t.rowStart, row, t.imageH, t.columns, first, zeros, to + t.lineStart, t.lineBytes);
}

@inline
function rowAt(x: usize, row: usize, height: i32, i: i32, zeros: usize): usize {
  return i >= 0 && i < height ? x + i * row : zeros;
}

@inline
function low(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 4, 1, 5);
}

@inline
function high(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 6, 3, 7);
}

@inline
function lowHalves(a: v128, b: v128): v128 {
  return v128.shuffle<f64>(a, b, 0, 2);
}

@inline
function highHalves(a: v128, b: v128): v128 {
  return v128.shuffle<f64>(a, b, 1, 3);
}

/** Along the lines: the points of the four patches that begin at a, b, c and d on the first line. */
export function patchPoints(a: usize, b: usize, c: usize, d: usize, step: usize, to: usize, point: usize): void {
  for (let i: usize = 0; i < SIDE; i++) {
    const va = v128.load(a);
    const vb = v128.load(b);
    const vc = v128.load(c);
    const vd = v128.load(d);
    const ab = low(va, vb);
    const cd = low(vc, vd);
    const ab2 = high(va, vb);
    const cd2 = high(vc, vd);
    const ab4 = high(v128.load(a, 8), v128.load(b, 8));
    const cd4 = high(v128.load(c, 8), v128.load(d, 8));
    putPatch(
      lowHalves(ab, cd),
      highHalves(ab, cd),
      lowHalves(ab2, cd2),
      highHalves(ab2, cd2),
      lowHalves(ab4, cd4),
      highHalves(ab4, cd4),
      to,
      point,
    );
    a += step;
    b += step;
    c += step;
    d += step;
    to += SIDE * point;
  }
}

/** The same for four patches of results. */
export function gradientPoints(a: usize, b: usize, c: usize, d: usize, step: usize, to: usize, point: usize): void {
  for (let i: usize = 0; i < SIDE; i++) {
    const va = v128.load(a);
    const vb = v128.load(b);
    const vc = v128.load(c);
    const vd = v128.load(d);
    const ab = low(va, vb);
    const cd = low(vc, vd);
    const ab2 = high(va, vb);
    const cd2 = high(vc, vd);
    putGradient(lowHalves(ab, cd), highHalves(ab, cd), lowHalves(ab2, cd2), highHalves(ab2, cd2), to, point);
    a += step;
    b += step;
    c += step;
    d += step;
    to += SIDE * point;
  }
}

/** A row of results of a patch, masked and added as `put` does. */
@inline
function putFour(place: Place, offset: usize, v: v128, add: bool): void {
  const mask = place.mask;
  if (mask) v = v128.andnot(v, f32x4.le(v128.load(mask + offset), f32x4.splat(0)));
  const to = place.to + offset;
  if (add) v = f32x4.add(v128.load(to), v);
  v128.store(to, v);
}

/** The same for a patch that hangs over the edge. */
function putPart(place: Place, i: i32, offset: usize, v: v128, add: bool): void {
  if (i >= place.rows) return;
  const mask = place.mask;
  put(place.to + offset, mask ? mask + offset : 0, v, place.columns, add);
}

/** One of neighbouring places. */
@inline
export function placeAt(places: usize, i: i32): Place {
  return changetype<Place>(places + i * PLACE_BYTES);
}

/**
 * Puts Aᵀ m A for the four patches whose points are `point` bytes apart from `m` on.
 *
 * @param places of the patches; the results go `offset` bytes after them
 * @param row bytes of a row of results
 * @param whole whether all four patches have all rows and columns
 * @param columns room for 24 vectors
 */
export function putPatches(m: usize, point: usize, places: usize, offset: usize, row: usize, whole: bool, add: bool, columns: usize): void {
  for (let j: usize = 0; j < SIDE; j++) {
    putResults(m + j * point, SIDE * point, columns + (j << 4), SIDE << 4);
  }
  for (let i = 0; i < 4; i++) {
    const m1 = v128.load(columns, 16);
    const m2 = v128.load(columns, 32);
    const m3 = v128.load(columns, 48);
    const m4 = v128.load(columns, 64);
    const sumP = f32x4.add(m1, m2);
    const differenceP = f32x4.sub(m1, m2);
    const sumQ = f32x4.add(m3, m4);
    const differenceQ = f32x4.sub(m3, m4);
    const y0 = f32x4.add(v128.load(columns), f32x4.add(sumP, sumQ));
    const y1 = f32x4.add(times(differenceP, P1), times(differenceQ, Q1));
    const y2 = f32x4.add(times(sumP, P2), times(sumQ, Q2));
    const y3 = f32x4.add(v128.load(columns, 80), f32x4.add(times(differenceP, P3), times(differenceQ, Q3)));
    const low01 = low(y0, y1);
    const low23 = low(y2, y3);
    const high01 = high(y0, y1);
    const high23 = high(y2, y3);
    const a = lowHalves(low01, low23);
    const b = highHalves(low01, low23);
    const c = lowHalves(high01, high23);
    const d = highHalves(high01, high23);
    if (whole) {
      putFour(placeAt(places, 0), offset, a, add);
      putFour(placeAt(places, 1), offset, b, add);
      putFour(placeAt(places, 2), offset, c, add);
      putFour(placeAt(places, 3), offset, d, add);
    } else {
      putPart(placeAt(places, 0), i, offset, a, add);
      putPart(placeAt(places, 1), i, offset, b, add);
      putPart(placeAt(places, 2), i, offset, c, add);
      putPart(placeAt(places, 3), i, offset, d, add);
    }
    columns += SIDE << 4;
    offset += row;
  }
}
