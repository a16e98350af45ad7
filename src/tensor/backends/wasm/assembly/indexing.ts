// Elements by their number. Indices are floats; what is no position becomes the nearest one, NaN the first.

@inline
function positionOf(index: usize, positions: i32): i32 {
  const i = load<f32>(index);
  return i > 0 ? <i32>min(i, <f32>(positions - 1)) : 0;
}

/** The distances of four elements of one float from the first, in bytes. */
@inline
function fourPlaces(index: usize, last: v128): v128 {
  const positions = i32x4.trunc_sat_f32x4_s(v128.load(index)); // NaN becomes 0, what is too large the largest number
  return i32x4.shl(i32x4.min_s(i32x4.max_s(positions, i32x4.splat(0)), last), 2);
}

@inline
function addAt(to: usize, from: usize): void {
  store<f32>(to, load<f32>(to) + load<f32>(from));
}

/**
 * out[i] = x[index[i]] for `count` indices, `runs` times; elements are `inner` floats.
 *
 * @param stepX bytes from the source of a run to that of the next, and `stepIndex` of the index
 */
export function gather(
  out: usize, x: usize, index: usize, runs: i32, stepX: i32, stepIndex: i32, count: i32, positions: i32, inner: i32,
): void {
  const bytes = <usize>inner << 2;
  const last = i32x4.splat(positions - 1);
  for (let run = 0; run < runs; run++) {
    let i = 0;
    for (; inner == 1 && i + 4 <= count; i += 4) {
      const places = fourPlaces(index + (i << 2), last);
      store<f32>(out, load<f32>(x + i32x4.extract_lane(places, 0)));
      store<f32>(out, load<f32>(x + i32x4.extract_lane(places, 1)), 4);
      store<f32>(out, load<f32>(x + i32x4.extract_lane(places, 2)), 8);
      store<f32>(out, load<f32>(x + i32x4.extract_lane(places, 3)), 12);
      out += 16;
    }
    for (; i < count; i++) {
      const from = x + positionOf(index + (i << 2), positions) * bytes;
      if (inner == 1) store<f32>(out, load<f32>(from));
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
  const bytes = <usize>inner << 2;
  const outBytes = <usize>positions * bytes;
  const last = i32x4.splat(positions - 1);
  memory.fill(out, 0, outBytes * runs);
  for (let run = 0; run < runs; run++) {
    let from = g;
    let i = 0;
    for (; inner == 1 && i + 4 <= count; i += 4) {
      const places = fourPlaces(index + (i << 2), last);
      addAt(out + i32x4.extract_lane(places, 0), from);
      addAt(out + i32x4.extract_lane(places, 1), from + 4);
      addAt(out + i32x4.extract_lane(places, 2), from + 8);
      addAt(out + i32x4.extract_lane(places, 3), from + 12);
      from += 16;
    }
    for (; i < count; i++) {
      addRow(out + positionOf(index + (i << 2), positions) * bytes, from, bytes);
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
  for (; to + 16 <= end; to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}
