// How a register tile leaves the registers.

/** Σ of the four lanes. */
@inline
export function laneSum(v: v128): f32 {
  const pairs = f32x4.add(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** A mask of the first 1 to 4 lanes. */
@inline
export function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** *to += Σ lanes of v. */
@inline
export function addTo(to: usize, v: v128): void {
  store<f32>(to, load<f32>(to) + laneSum(v));
}

/**
 * Stores the first `count` lanes (4 nearly always): zero where the mask, if there is one, holds x ≤ 0; added to what is
 * there if `add`.
 */
@inline
export function put(to: usize, mask: usize, v: v128, count: i32, add: bool): void {
  if (count == 4) {
    if (mask) v = v128.andnot(v, f32x4.le(v128.load(mask), f32x4.splat(0)));
    if (add) v = f32x4.add(v128.load(to), v);
    v128.store(to, v);
  } else {
    putLanes(to, mask, v, count, add);
  }
}

function putLanes(to: usize, mask: usize, v: v128, count: i32, add: bool): void {
  for (let lane = 0; lane < count; lane++) {
    let value = f32x4.extract_lane(v, 0);
    if (mask && load<f32>(mask) <= 0) value = 0;
    store<f32>(to, add ? load<f32>(to) + value : value);
    v = i8x16.shuffle(v, v, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
    to += 4;
    if (mask) mask += 4;
  }
}
