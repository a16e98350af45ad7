import { Packing } from './generated/tables';
import { LANES, PAIR, Real, SHIFT, SIZE } from './precision';

// Images as the convolutions read them: every tap of every window is a fixed distance from the window's place, with no
// border to look out for. Zeros stand for the padding. A stride s splits the pixels into s×s planes, by their position
// modulo s, and in each plane neighbouring windows are neighbours.

/** Packs `channels` planes at `from` into strideH·strideW planes each at `to`. */
export function pack(from: usize, to: usize, channels: i32, packing: Packing): void {
  if (packing.strideH == 1 && packing.strideW == 1) packRows(from, to, channels, packing);
  else deal(from, to, channels, packing);
}

/** At stride 1 rows stay rows. */
function packRows(from: usize, to: usize, channels: i32, packing: Packing): void {
  const skipW = max(0, -packing.offsetW);
  const offsetW = max(0, packing.offsetW);
  const skipH = max(0, -packing.offsetH);
  const offsetH = max(0, packing.offsetH);
  const w = packing.width;
  const count = min(w - skipW, packing.columns - offsetW);
  const rowCount = min(packing.height - skipH, packing.rows - offsetH);
  const rowFrom = <usize>w << SHIFT;
  const rowTo = <usize>packing.columns << SHIFT;
  from += skipH * rowFrom + (skipW << SHIFT);
  to += offsetH * rowTo + (offsetW << SHIFT);
  const planeFrom = rowFrom * packing.height;
  const planeTo = rowTo * packing.rows;
  for (let c = 0; c < channels; c++) {
    let source = from;
    let target = to;
    for (let i = 0; i < rowCount; i++) {
      copyRow(source, target, count);
      source += rowFrom;
      target += rowTo;
    }
    from += planeFrom;
    to += planeTo;
  }
}

/** At other strides pixels are dealt into planes. */
function deal(from: usize, to: usize, channels: i32, packing: Packing): void {
  const h = packing.height;
  const offsetH = packing.offsetH;
  const strideH = packing.strideH;
  const strideW = packing.strideW;
  const rows = packing.rows;
  const line = <usize>packing.columns << SHIFT;
  const plane = line * rows;
  const rowFrom = <usize>packing.width << SHIFT;
  for (let c = 0; c < channels; c++) {
    for (let i = max(0, -offsetH); i < h; i++) {
      const y = i + offsetH;
      const row = y / strideH;
      if (row >= rows) break;
      dealRow(from + i * rowFrom, to + (y % strideH) * strideW * plane + row * line, plane, packing);
    }
    from += h * rowFrom;
    to += strideH * strideW * plane;
  }
}

/** A row of pixels, to the same row of strideW planes. */
function dealRow(from: usize, to: usize, plane: usize, packing: Packing): void {
  const w = packing.width;
  const offsetW = packing.offsetW;
  const strideW = packing.strideW;
  const columns = packing.columns;
  let j = max(0, -offsetW);
  let column = (j + offsetW) / strideW;
  let phase = (j + offsetW) % strideW;
  if (strideW == 2) {
    // By pairs of vectors: every other pixel goes to the other plane, from the second column on if this is the second.
    let even = to + phase * plane + (column << SHIFT);
    let odd = to + (phase ^ 1) * plane + ((column + phase) << SHIFT);
    for (; j + PAIR <= w && column + phase + LANES <= columns; j += PAIR) {
      const a = v128.load(from + (j << SHIFT));
      const b = v128.load(from + (j << SHIFT), 16);
      v128.store(even, evenLanes(a, b));
      v128.store(odd, oddLanes(a, b));
      even += 16;
      odd += 16;
      column += LANES;
    }
  }
  for (; j < w && column < columns; j++) {
    store<Real>(to + phase * plane + (column << SHIFT), load<Real>(from + (j << SHIFT)));
    if (++phase == strideW) {
      phase = 0;
      column++;
    }
  }
}

/** Of two vectors every other lane, from the first or from the second on. */
@inline
function evenLanes(a: v128, b: v128): v128 {
  return LANES == 4 ? v128.shuffle<f32>(a, b, 0, 2, 4, 6) : v128.shuffle<f64>(a, b, 0, 2);
}

@inline
function oddLanes(a: v128, b: v128): v128 {
  return LANES == 4 ? v128.shuffle<f32>(a, b, 1, 3, 5, 7) : v128.shuffle<f64>(a, b, 1, 3);
}

@inline
function copyRow(from: usize, to: usize, count: i32): void {
  const end = from + (count << SHIFT);
  while (from + 32 <= end) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    v128.store(to, a);
    v128.store(to, b, 16);
    from += 32;
    to += 32;
  }
  while (from + 16 <= end) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
  }
  while (from < end) {
    store<Real>(to, load<Real>(from));
    from += SIZE;
    to += SIZE;
  }
}

/** Copies `count` rows of `width` floats into rows of `stride` floats, with zeros after them. */
export function padRows(from: usize, to: usize, count: i32, width: i32, stride: i32): void {
  for (let i = 0; i < count; i++) {
    copyRow(from, to, width);
    for (let j = width; j < stride; j++) store<Real>(to + (j << SHIFT), 0);
    from += width << SHIFT;
    to += stride << SHIFT;
  }
}
