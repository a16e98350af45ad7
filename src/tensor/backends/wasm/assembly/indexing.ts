import { LANES, Real, SHIFT, SIZE } from './precision';

// Elements by their number. Indices are numbers like the elements; what is no position becomes the nearest one, NaN the first.

@inline
function positionOf(index: usize, positions: i32): i32 {
  const i = load<Real>(index);
  return i > 0 ? <i32>min(i, <Real>(positions - 1)) : 0;
}

/** The distances of elements of one number from the first, in bytes: of as many as a vector has lanes. */
@inline
function placesOf(index: usize, last: v128): v128 {
  // NaN becomes 0, what is too large the largest number.
  const positions =
    LANES == 4 ? i32x4.trunc_sat_f32x4_s(v128.load(index)) : i32x4.trunc_sat_f64x2_s_zero(v128.load(index));
  return i32x4.shl(i32x4.min_s(i32x4.max_s(positions, i32x4.splat(0)), last), <i32>SHIFT);
}

@inline
function addAt(to: usize, from: usize): void {
  store<Real>(to, load<Real>(to) + load<Real>(from));
}

/**
 * out[i] = x[index[i]] for `count` indices, `runs` times; elements are `inner` numbers.
 *
 * @param stepX bytes from the source of a run to that of the next, and `stepIndex` of the index
 */
export function gather(
  out: usize, x: usize, index: usize, runs: i32, stepX: i32, stepIndex: i32, count: i32, positions: i32, inner: i32,
): void {
  const bytes = <usize>inner << SHIFT;
  const last = i32x4.splat(positions - 1);
  for (let run = 0; run < runs; run++) {
    let i = 0;
    for (; inner == 1 && i + LANES <= count; i += LANES) {
      const places = placesOf(index + (i << SHIFT), last);
      store<Real>(out, load<Real>(x + i32x4.extract_lane(places, 0)));
      store<Real>(out, load<Real>(x + i32x4.extract_lane(places, 1)), SIZE);
      if (LANES == 4) {
        store<Real>(out, load<Real>(x + i32x4.extract_lane(places, 2)), 2 * SIZE);
        store<Real>(out, load<Real>(x + i32x4.extract_lane(places, 3)), 3 * SIZE);
      }
      out += 16;
    }
    for (; i < count; i++) {
      const from = x + positionOf(index + (i << SHIFT), positions) * bytes;
      if (inner == 1) store<Real>(out, load<Real>(from));
      else memory.copy(out, from, bytes);
      out += bytes;
    }
    x += stepX;
    index += stepIndex;
  }
}

/** out[index[i]] += g[i], into zeros. */
export function scatter(
  out: usize, g: usize, index: usize, runs: i32, stepG: i32, stepIndex: i32, count: i32, positions: i32, inner: i32,
): void {
  const bytes = <usize>inner << SHIFT;
  const outBytes = <usize>positions * bytes;
  const last = i32x4.splat(positions - 1);
  memory.fill(out, 0, outBytes * runs);
  for (let run = 0; run < runs; run++) {
    let from = g;
    let i = 0;
    for (; inner == 1 && i + LANES <= count; i += LANES) {
      const places = placesOf(index + (i << SHIFT), last);
      addAt(out + i32x4.extract_lane(places, 0), from);
      addAt(out + i32x4.extract_lane(places, 1), from + SIZE);
      if (LANES == 4) {
        addAt(out + i32x4.extract_lane(places, 2), from + 2 * SIZE);
        addAt(out + i32x4.extract_lane(places, 3), from + 3 * SIZE);
      }
      from += 16;
    }
    for (; i < count; i++) {
      addRow(out + positionOf(index + (i << SHIFT), positions) * bytes, from, bytes);
      from += bytes;
    }
    out += outBytes;
    g += stepG;
    index += stepIndex;
  }
}

@inline
function addRow(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, v128.add<Real>(v128.load(to), v128.load(from)));
  for (; to < end; to += SIZE, from += SIZE) store<Real>(to, load<Real>(to) + load<Real>(from));
}
