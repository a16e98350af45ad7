import { Filtering, Place, PLACE_BYTES, POINTS_SIDE } from './generated/tables';
import { firstLanes, highLanes, lowLanes, put } from './store';
import { LANES, Real, SHIFT, SIZE } from './precision';

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
// lines, for patches side by side in a vector, one a lane: wherever these begin, patches of a channel or of several.

export const P1: Real = 0.625;
export const P2: Real = 0.390625;
const P3: Real = 0.244140625;
export const Q1: Real = 1.5;
export const Q2: Real = 2.25;
const Q3: Real = 3.375;
const PRODUCT: Real = 0.87890625;
const SUM: Real = 2.640625;

/** The number of points along a side. */
export const SIDE: usize = POINTS_SIDE;

/** The number of results along a side, and their bytes. */
export const RESULTS: i32 = POINTS_SIDE - 2;
export const RESULT_BYTES: usize = RESULTS * SIZE;

@inline
export function times(v: v128, factor: Real): v128 {
  return v128.mul<Real>(v, v128.splat<Real>(factor));
}

/** Bᵀ of six vectors, stored `step` bytes apart. */
@inline
function putPatch(d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, to: usize, step: usize): void {
  v128.store(to, v128.add<Real>(times(d0, PRODUCT), v128.sub<Real>(d4, times(d2, SUM))));
  let even = v128.sub<Real>(d4, times(d2, Q2));
  let odd = times(v128.sub<Real>(d3, times(d1, Q2)), P1);
  v128.store(to + step, v128.add<Real>(even, odd));
  v128.store(to + 2 * step, v128.sub<Real>(even, odd));
  even = v128.sub<Real>(d4, times(d2, P2));
  odd = times(v128.sub<Real>(d3, times(d1, P2)), Q1);
  v128.store(to + 3 * step, v128.add<Real>(even, odd));
  v128.store(to + 4 * step, v128.sub<Real>(even, odd));
  v128.store(to + 5 * step, v128.add<Real>(times(d1, PRODUCT), v128.sub<Real>(d5, times(d3, SUM))));
}

/** A of four vectors, stored `step` bytes apart. */
@inline
function putGradient(y0: v128, y1: v128, y2: v128, y3: v128, to: usize, step: usize): void {
  v128.store(to, y0);
  let even = v128.add<Real>(y0, times(y2, P2));
  let odd = v128.add<Real>(times(y1, P1), times(y3, P3));
  v128.store(to + step, v128.add<Real>(even, odd));
  v128.store(to + 2 * step, v128.sub<Real>(even, odd));
  even = v128.add<Real>(y0, times(y2, Q2));
  odd = v128.add<Real>(times(y1, Q1), times(y3, Q3));
  v128.store(to + 3 * step, v128.add<Real>(even, odd));
  v128.store(to + 4 * step, v128.sub<Real>(even, odd));
  v128.store(to + 5 * step, y3);
}

/** Aᵀ of six vectors `from` bytes apart, stored `step` bytes apart. */
@inline
function putResults(at: usize, from: usize, to: usize, step: usize): void {
  const m1 = v128.load(at + from);
  const m2 = v128.load(at + 2 * from);
  const m3 = v128.load(at + 3 * from);
  const m4 = v128.load(at + 4 * from);
  const sumP = v128.add<Real>(m1, m2);
  const differenceP = v128.sub<Real>(m1, m2);
  const sumQ = v128.add<Real>(m3, m4);
  const differenceQ = v128.sub<Real>(m3, m4);
  v128.store(to, v128.add<Real>(v128.load(at), v128.add<Real>(sumP, sumQ)));
  v128.store(to + step, v128.add<Real>(times(differenceP, P1), times(differenceQ, Q1)));
  v128.store(to + 2 * step, v128.add<Real>(times(sumP, P2), times(sumQ, Q2)));
  const last = v128.load(at + 5 * from);
  v128.store(to + 3 * step, v128.add<Real>(last, v128.add<Real>(times(differenceP, P3), times(differenceQ, Q3))));
}

@inline
function loadLanes(from: usize, lanes: v128): v128 {
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
  for (; left >= LANES; left -= LANES) {
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
    putPatch(
      loadLanes(a, m), loadLanes(b, m), loadLanes(c, m), loadLanes(d, m), loadLanes(e, m), loadLanes(f, m), to, step,
    );
  }
}

/** The same for a row of patches of results: four rows become six lines. */
export function gradientLines(y: usize, row: usize, height: i32, width: i32, first: i32, zeros: usize, to: usize, step: usize): void {
  let a = rowAt(y, row, height, first, zeros);
  let b = rowAt(y, row, height, first + 1, zeros);
  let c = rowAt(y, row, height, first + 2, zeros);
  let d = rowAt(y, row, height, first + 3, zeros);
  let left = width;
  for (; left >= LANES; left -= LANES) {
    putGradient(v128.load(a), v128.load(b), v128.load(c), v128.load(d), to, step);
    a += 16;
    b += 16;
    c += 16;
    d += 16;
    to += 16;
  }
  if (left > 0) {
    const m = firstLanes(left);
    putGradient(loadLanes(a, m), loadLanes(b, m), loadLanes(c, m), loadLanes(d, m), to, step);
  }
}

/**
 * The lines of an image for a row of patches that begins at row `first`; columns beyond the image stay as they are.
 *
 * @param plane a channel of the image
 */
@inline
export function imageLines(t: Filtering, plane: usize, first: i32, zeros: usize, to: usize): void {
  const row = <usize>t.imageW << SHIFT;
  patchLines(plane + t.rowStart, row, t.imageH, t.columns, first, zeros, to + t.lineStart, t.lineBytes);
}

@inline
function rowAt(x: usize, row: usize, height: i32, i: i32, zeros: usize): usize {
  return i >= 0 && i < height ? x + i * row : zeros;
}

@inline
function lowHalves(a: v128, b: v128): v128 {
  return v128.shuffle<f64>(a, b, 0, 2);
}

@inline
function highHalves(a: v128, b: v128): v128 {
  return v128.shuffle<f64>(a, b, 1, 3);
}

/**
 * Along the lines: the points of the patches that begin at a, b, c and d on the first line, of the first two in vectors of
 * two lanes.
 */
export function patchPoints(a: usize, b: usize, c: usize, d: usize, step: usize, to: usize, point: usize): void {
  for (let i: usize = 0; i < SIDE; i++) {
    const va = v128.load(a);
    const vb = v128.load(b);
    if (LANES == 2) {
      const va2 = v128.load(a, 16);
      const vb2 = v128.load(b, 16);
      const va4 = v128.load(a, 32);
      const vb4 = v128.load(b, 32);
      putPatch(
        lowLanes(va, vb),
        highLanes(va, vb),
        lowLanes(va2, vb2),
        highLanes(va2, vb2),
        lowLanes(va4, vb4),
        highLanes(va4, vb4),
        to,
        point,
      );
    } else {
      const vc = v128.load(c);
      const vd = v128.load(d);
      const ab = lowLanes(va, vb);
      const cd = lowLanes(vc, vd);
      const ab2 = highLanes(va, vb);
      const cd2 = highLanes(vc, vd);
      const ab4 = highLanes(v128.load(a, 8), v128.load(b, 8));
      const cd4 = highLanes(v128.load(c, 8), v128.load(d, 8));
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
      c += step;
      d += step;
    }
    a += step;
    b += step;
    to += SIDE * point;
  }
}

/** The same for patches of results. */
export function gradientPoints(a: usize, b: usize, c: usize, d: usize, step: usize, to: usize, point: usize): void {
  for (let i: usize = 0; i < SIDE; i++) {
    const va = v128.load(a);
    const vb = v128.load(b);
    if (LANES == 2) {
      const va2 = v128.load(a, 16);
      const vb2 = v128.load(b, 16);
      putGradient(lowLanes(va, vb), highLanes(va, vb), lowLanes(va2, vb2), highLanes(va2, vb2), to, point);
    } else {
      const vc = v128.load(c);
      const vd = v128.load(d);
      const ab = lowLanes(va, vb);
      const cd = lowLanes(vc, vd);
      const ab2 = highLanes(va, vb);
      const cd2 = highLanes(vc, vd);
      putGradient(lowHalves(ab, cd), highHalves(ab, cd), lowHalves(ab2, cd2), highHalves(ab2, cd2), to, point);
      c += step;
      d += step;
    }
    a += step;
    b += step;
    to += SIDE * point;
  }
}

/** A vector of results of a patch, masked and added as `put` does. */
@inline
function putWhole(place: Place, offset: usize, v: v128, add: bool): void {
  const mask = place.mask;
  if (mask) v = v128.andnot(v, v128.le<Real>(v128.load(mask + offset), v128.splat<Real>(0)));
  const to = place.to + offset;
  if (add) v = v128.add<Real>(v128.load(to), v);
  v128.store(to, v);
}

/** The same for a patch that hangs over the edge. */
function putPart(place: Place, i: i32, offset: usize, v: v128, columns: i32, add: bool): void {
  if (i >= place.rows) return;
  const mask = place.mask;
  put(place.to + offset, mask ? mask + offset : 0, v, columns, add);
}

/** One of neighbouring places. */
@inline
export function placeAt(places: usize, i: i32): Place {
  return changetype<Place>(places + i * PLACE_BYTES);
}

/** Row i of the results of four patches, whose columns are the vectors. */
@inline
function putFour(
  places: usize, i: i32, offset: usize, y0: v128, y1: v128, y2: v128, y3: v128, whole: bool, add: bool,
): void {
  const low01 = lowLanes(y0, y1);
  const low23 = lowLanes(y2, y3);
  const high01 = highLanes(y0, y1);
  const high23 = highLanes(y2, y3);
  const a = lowHalves(low01, low23);
  const b = highHalves(low01, low23);
  const c = lowHalves(high01, high23);
  const d = highHalves(high01, high23);
  const first = placeAt(places, 0);
  const second = placeAt(places, 1);
  const third = placeAt(places, 2);
  const fourth = placeAt(places, 3);
  if (whole) {
    putWhole(first, offset, a, add);
    putWhole(second, offset, b, add);
    putWhole(third, offset, c, add);
    putWhole(fourth, offset, d, add);
  } else {
    putPart(first, i, offset, a, first.columns, add);
    putPart(second, i, offset, b, second.columns, add);
    putPart(third, i, offset, c, third.columns, add);
    putPart(fourth, i, offset, d, fourth.columns, add);
  }
}

/** The same of two patches, whose rows are two vectors each. */
@inline
function putTwo(
  places: usize, i: i32, offset: usize, y0: v128, y1: v128, y2: v128, y3: v128, whole: bool, add: bool,
): void {
  const a = lowLanes(y0, y1);
  const a2 = lowLanes(y2, y3);
  const b = highLanes(y0, y1);
  const b2 = highLanes(y2, y3);
  const first = placeAt(places, 0);
  const second = placeAt(places, 1);
  const next = offset + 16;
  if (whole) {
    putWhole(first, offset, a, add);
    putWhole(first, next, a2, add);
    putWhole(second, offset, b, add);
    putWhole(second, next, b2, add);
  } else {
    putPart(first, i, offset, a, min(LANES, first.columns), add);
    putPart(first, i, next, a2, first.columns - LANES, add);
    putPart(second, i, offset, b, min(LANES, second.columns), add);
    putPart(second, i, next, b2, second.columns - LANES, add);
  }
}

/**
 * Puts Aᵀ m A for the patches of a vector, whose points are `point` bytes apart from `m` on.
 *
 * @param places of the patches; the results go `offset` bytes after them
 * @param row bytes of a row of results
 * @param whole whether all these patches have all rows and columns
 * @param columns room for 24 vectors
 */
export function putPatches(m: usize, point: usize, places: usize, offset: usize, row: usize, whole: bool, add: bool, columns: usize): void {
  for (let j: usize = 0; j < SIDE; j++) {
    putResults(m + j * point, SIDE * point, columns + (j << 4), SIDE << 4);
  }
  for (let i = 0; i < RESULTS; i++) {
    const m1 = v128.load(columns, 16);
    const m2 = v128.load(columns, 32);
    const m3 = v128.load(columns, 48);
    const m4 = v128.load(columns, 64);
    const sumP = v128.add<Real>(m1, m2);
    const differenceP = v128.sub<Real>(m1, m2);
    const sumQ = v128.add<Real>(m3, m4);
    const differenceQ = v128.sub<Real>(m3, m4);
    const y0 = v128.add<Real>(v128.load(columns), v128.add<Real>(sumP, sumQ));
    const y1 = v128.add<Real>(times(differenceP, P1), times(differenceQ, Q1));
    const y2 = v128.add<Real>(times(sumP, P2), times(sumQ, Q2));
    const y3 = v128.add<Real>(v128.load(columns, 80), v128.add<Real>(times(differenceP, P3), times(differenceQ, Q3)));
    if (LANES == 2) putTwo(places, i, offset, y0, y1, y2, y3, whole, add);
    else putFour(places, i, offset, y0, y1, y2, y3, whole, add);
    columns += SIDE << 4;
    offset += row;
  }
}
