// Elements by their number. Indices are floats; what is no position becomes the nearest one, NaN the first.

@inline
function positionOf(index: usize, positions: i32): i32 {
  const i = load<f32>(index);
  return i > 0 ? <i32>min(i, <f32>(positions - 1)) : 0;
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
  for (let run = 0; run < runs; run++) {
    for (let i = 0; i < count; i++) {
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
  memory.fill(out, 0, outBytes * runs);
  for (let run = 0; run < runs; run++) {
    let from = g;
    for (let i = 0; i < count; i++) {
      const to = out + positionOf(index + (i << 2), positions) * bytes;
      if (inner == 1) store<f32>(to, load<f32>(to) + load<f32>(from));
      else addRow(to, from, bytes);
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
