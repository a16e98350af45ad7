import { Packing } from './generated/tables';
import { Real, SHIFT, SIZE } from './precision';

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
  const w = packing.width;
  const offsetH = packing.offsetH;
  const offsetW = packing.offsetW;
  const strideH = packing.strideH;
  const strideW = packing.strideW;
  const rows = packing.rows;
  const columns = packing.columns;
  const plane = rows * columns;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < h; i++) {
      const y = i + offsetH;
      if (y < 0) continue;
      const row = y / strideH;
      if (row >= rows) break;
      const first = to + ((((y % strideH) * strideW) * plane + row * columns) << SHIFT);
      const source = from + ((i * w) << SHIFT);
      for (let j = 0; j < w; j++) {
        const x = j + offsetW;
        if (x < 0) continue;
        const column = x / strideW;
        if (column >= columns) break;
        store<Real>(first + (((x % strideW) * plane + column) << SHIFT), load<Real>(source + (j << SHIFT)));
      }
    }
    from += (h * w) << SHIFT;
    to += (strideH * strideW * plane) << SHIFT;
  }
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
