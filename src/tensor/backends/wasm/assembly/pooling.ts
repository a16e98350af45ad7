import { BoxSumTable, PoolTable } from './generated/tables';
import { firstLanes, put } from './store';

// Pools over planes. Windows that step by one pixel are sums over a box around each, `boxSum`; the others are few, and
// their borders irregular: plain loops.

/**
 * Sums over a box: out[i][j] = Σ_ab x[i + a − top][j + b − left], zeros beyond the borders, either x or the sums
 * multiplied by a plane of weights. Both directions of an average pool of stride 1 are this, with one over the size of
 * each window for weights. A box is a column of rows, summed first, and a row of columns.
 *
 * @param weights [h, w] or [p, q]
 * @param scratch room for (p + 1)·(q + kernel w + 7) + h·w floats
 */
export function boxSum(out: usize, x: usize, weights: usize, planes: i32, t: BoxSumTable, scratch: usize): void {
  const h = t.inputH;
  const w = t.inputW;
  const p = t.outputH;
  const q = t.outputW;
  const kernelH = t.kernelH;
  const kernelW = t.kernelW;
  const top = t.top;
  const left = t.left;
  const before = t.weighsInput;
  const step = <usize>(q + kernelW + 7) << 2;
  const weighted = scratch + (p + 1) * step;
  memory.fill(scratch, 0, (p + 1) * step);
  // The columns that a box reaches.
  const first = max(0, -left);
  const count = min(w, q + kernelW - 1 - left) - first;
  const rowX = <usize>w << 2;
  for (let plane = 0; plane < planes; plane++) {
    let source = x;
    if (before) {
      multiplied(weighted, x, weights, h * w);
      source = weighted;
    }
    let sums = scratch + ((first + left) << 2);
    for (let i = 0; i < p; i++) {
      const from = max(0, i - top);
      sumOfRows(sums, source + from * rowX + (first << 2), rowX, min(h, i - top + kernelH) - from, count);
      sums += step;
    }
    let weight = weights;
    let row = scratch;
    for (let i = 0; i < p; i++) {
      for (let j = 0; j < q; j += 4) {
        const at = row + (j << 2);
        let sum = v128.load(at);
        for (let b = 1; b < kernelW; b++) sum = f32x4.add(sum, v128.load(at + (b << 2)));
        if (!before) sum = f32x4.mul(sum, v128.load(weight));
        const lanes = min(4, q - j);
        put(out, 0, sum, lanes, false);
        out += lanes << 2;
        weight += lanes << 2;
      }
      row += step;
    }
    x += (h * w) << 2;
  }
}

/** to = a·b, whole vectors: up to 3 floats more than `count`. */
@inline
function multiplied(to: usize, a: usize, b: usize, count: i32): void {
  const bytes = <usize>count << 2;
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, f32x4.mul(v128.load(a + i), v128.load(b + i)));
}

/** The first `count` columns of the sum of `rows` rows, and zeros up to a whole vector. */
@inline
function sumOfRows(to: usize, from: usize, step: usize, rows: i32, count: i32): void {
  for (let left = count; left > 0; left -= 4) {
    let sum = f32x4.splat(0);
    let at = from;
    for (let a = 0; a < rows; a++) {
      sum = f32x4.add(sum, v128.load(at));
      at += step;
    }
    if (left < 4) sum = v128.and(sum, firstLanes(left));
    v128.store(to, sum);
    to += 16;
    from += 16;
  }
}

/** The first row of the window in row i that is not padding, and the row after the last. */
@inline
function top(t: PoolTable, i: i32): i32 {
  return max(0, i * t.strideH - t.paddingTop);
}

@inline
function bottom(t: PoolTable, i: i32): i32 {
  return min(t.inputH, i * t.strideH - t.paddingTop + t.kernelH);
}

/** The same for columns. */
@inline
function left(t: PoolTable, j: i32): i32 {
  return max(0, j * t.strideW - t.paddingLeft);
}

@inline
function right(t: PoolTable, j: i32): i32 {
  return min(t.inputW, j * t.strideW - t.paddingLeft + t.kernelW);
}

/** The mean of each window, `planes` times: its sum over `counts`, the numbers of places that count. */
export function averagePool(out: usize, x: usize, counts: usize, planes: i32, t: PoolTable): void {
  const w = t.inputW;
  for (let plane = 0; plane < planes; plane++) {
    let count = counts;
    for (let i = 0; i < t.outputH; i++) {
      const y0 = top(t, i);
      const y1 = bottom(t, i);
      for (let j = 0; j < t.outputW; j++) {
        const x0 = left(t, j);
        const x1 = right(t, j);
        let sum: f32 = 0;
        for (let y = y0; y < y1; y++) {
          for (let z = x0; z < x1; z++) sum += load<f32>(x + ((y * w + z) << 2));
        }
        store<f32>(out, sum / load<f32>(count));
        count += 4;
        out += 4;
      }
    }
    x += (t.inputH * w) << 2;
  }
}

/** The adjoint of `averagePool`: every pixel gets its share of each window that holds it. */
export function averagePoolGradient(out: usize, g: usize, counts: usize, planes: i32, t: PoolTable): void {
  const w = t.inputW;
  const sideBySide = t.kernelH == t.strideH && t.kernelW == t.strideW && t.paddingTop == 0 && t.paddingLeft == 0;
  if (sideBySide && t.outputH * t.strideH == t.inputH && t.outputW * t.strideW == w) return spreadShares(out, g, planes, t);
  const size = (<usize>(t.inputH * w)) << 2;
  memory.fill(out, 0, size * planes);
  for (let plane = 0; plane < planes; plane++) {
    let count = counts;
    for (let i = 0; i < t.outputH; i++) {
      const y0 = top(t, i);
      const y1 = bottom(t, i);
      for (let j = 0; j < t.outputW; j++) {
        const x0 = left(t, j);
        const x1 = right(t, j);
        const share = load<f32>(g) / load<f32>(count);
        for (let y = y0; y < y1; y++) {
          for (let z = x0; z < x1; z++) {
            const to = out + ((y * w + z) << 2);
            store<f32>(to, load<f32>(to) + share);
          }
        }
        count += 4;
        g += 4;
      }
    }
    out += size;
  }
}

/**
 * The same where windows lie side by side: every pixel has one window, and is written once. Rows of pixels are made of
 * a row of windows, by pairs where a window is two pixels wide.
 */
function spreadShares(out: usize, g: usize, planes: i32, t: PoolTable): void {
  const q = t.outputW;
  const kernelW = t.kernelW;
  const factor: f32 = <f32>1 / <f32>(t.kernelH * kernelW);
  const bytes = <usize>t.inputW << 2;
  for (let row = 0; row < planes * t.outputH; row++) {
    let from = g;
    let to = out;
    let j = 0;
    if (kernelW == 2) {
      for (; j + 4 <= q; j += 4) {
        const v = f32x4.mul(v128.load(from), f32x4.splat(factor));
        v128.store(to, v128.shuffle<f32>(v, v, 0, 0, 1, 1));
        v128.store(to, v128.shuffle<f32>(v, v, 2, 2, 3, 3), 16);
        from += 16;
        to += 32;
      }
    }
    for (; j < q; j++) {
      const share = load<f32>(from) * factor;
      for (let z = 0; z < kernelW; z++) {
        store<f32>(to, share);
        to += 4;
      }
      from += 4;
    }
    for (let y = 1; y < t.kernelH; y++) memory.copy(out + y * bytes, out, bytes);
    out += bytes * t.kernelH;
    g += q << 2;
  }
}

/** The row-major position of each window's largest element: the first of equal ones, and NaN before all. */
export function maxPoolIndex(out: usize, x: usize, planes: i32, t: PoolTable): void {
  const w = t.inputW;
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < t.outputH; i++) {
      const y0 = top(t, i);
      const y1 = bottom(t, i);
      for (let j = 0; j < t.outputW; j++) {
        const x0 = left(t, j);
        const x1 = right(t, j);
        let best = y0 * w + x0;
        let value = load<f32>(x + (best << 2));
        for (let y = y0; y < y1; y++) {
          for (let z = x0; z < x1; z++) {
            const candidate = load<f32>(x + ((y * w + z) << 2));
            if (candidate > value || (isNaN(candidate) && !isNaN(value))) {
              best = y * w + z;
              value = candidate;
            }
          }
        }
        store<f32>(out, <f32>best);
        out += 4;
      }
    }
    x += (t.inputH * w) << 2;
  }
}
