import { LANES, Real, SHIFT, SIZE } from './precision';

// How a register tile leaves the registers.

/** Σ of the lanes. */
@inline
export function laneSum(v: v128): Real {
  if (LANES == 2) return v128.extract_lane<Real>(v, 0) + v128.extract_lane<Real>(v, 1);
  const pairs = v128.add<Real>(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return v128.extract_lane<Real>(pairs, 0) + v128.extract_lane<Real>(pairs, 1);
}

/** A mask of the first lanes, of one at least. */
@inline
export function firstLanes(count: i32): v128 {
  if (LANES == 2) return i64x2.gt_s(i64x2.splat(count), i64x2(0, 1));
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/**
 * Adds the lanes of each of rows × columns vectors at `tile` to a number: those of a row are neighbours, `row` bytes lead
 * to the next. In a function of its own: V8 keeps the sums of a loop in registers if all that follows is to store
 * them.
 */
export function addTile(sums: usize, row: usize, rows: i32, columns: i32, tile: usize): void {
  for (let k = 0; k < rows; k++) {
    for (let t = 0; t < columns; t++) {
      const to = sums + (t << SHIFT);
      store<Real>(to, load<Real>(to) + laneSum(v128.load(tile)));
      tile += 16;
    }
    sums += row;
  }
}

/**
 * Stores the first `count` lanes (all nearly always): zero where the mask, if there is one, holds x ≤ 0; added to what is
 * there if `add`.
 */
@inline
export function put(to: usize, mask: usize, v: v128, count: i32, add: bool): void {
  if (count == LANES) {
    if (mask) v = v128.andnot(v, v128.le<Real>(v128.load(mask), v128.splat<Real>(0)));
    if (add) v = v128.add<Real>(v128.load(to), v);
    v128.store(to, v);
  } else {
    putLanes(to, mask, v, count, add);
  }
}

function putLanes(to: usize, mask: usize, v: v128, count: i32, add: bool): void {
  for (let lane = 0; lane < count; lane++) {
    let value = v128.extract_lane<Real>(v, 0);
    if (mask && load<Real>(mask) <= 0) value = 0;
    store<Real>(to, add ? load<Real>(to) + value : value);
    v = LANES == 4 ? v128.shuffle<f32>(v, v, 1, 2, 3, 0) : v128.shuffle<f64>(v, v, 1, 0);
    to += SIZE;
    if (mask) mask += SIZE;
  }
}

/** The first halves of two vectors, lane by lane in turns: a₀ b₀ a₁ b₁, or a₀ b₀. */
@inline
export function lowLanes(a: v128, b: v128): v128 {
  return LANES == 4 ? v128.shuffle<f32>(a, b, 0, 4, 1, 5) : v128.shuffle<f64>(a, b, 0, 2);
}

/** The second halves. */
@inline
export function highLanes(a: v128, b: v128): v128 {
  return LANES == 4 ? v128.shuffle<f32>(a, b, 2, 6, 3, 7) : v128.shuffle<f64>(a, b, 1, 3);
}
