import { BoxSumTable, PoolTable } from './generated/tables';
import { firstLanes, highLanes, lowLanes, put } from './store';
import { LANES, Real, SHIFT, SIZE } from './precision';

// Pools over planes. Windows that step by one pixel are sums over a box around each, `boxSum`; the others are few, and
// their borders irregular: plain loops.

/**
 * Sums over a box: out[i][j] = Σ_ab x[i + a − top][j + b − left], zeros beyond the borders, either x or the sums
 * multiplied by a plane of weights. Both directions of an average pool of stride 1 are this, with one over the size of
 * each window for weights. A box is a column of rows, summed first, and a row of columns.
 *
 * @param weights [h, w] or [p, q]
 * @param scratch room for (p + 1)·(q + kernel w + 7) + h·w numbers
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
  const step = <usize>(q + kernelW + 7) << SHIFT;
  const weighted = scratch + (p + 1) * step;
  memory.fill(scratch, 0, (p + 1) * step);
  // The columns that a box reaches.
  const first = max(0, -left);
  const count = min(w, q + kernelW - 1 - left) - first;
  const rowX = <usize>w << SHIFT;
  for (let plane = 0; plane < planes; plane++) {
    let source = x;
    if (before) {
      multiplied(weighted, x, weights, h * w);
      source = weighted;
    }
    let sums = scratch + ((first + left) << SHIFT);
    for (let i = 0; i < p; i++) {
      const from = max(0, i - top);
      sumOfRows(sums, source + from * rowX + (first << SHIFT), rowX, min(h, i - top + kernelH) - from, count);
      sums += step;
    }
    let weight = weights;
    let row = scratch;
    for (let i = 0; i < p; i++) {
      let j = 0;
      if (kernelW == 3 && before) {
        for (; j + LANES <= q; j += LANES) {
          const at = row + (j << SHIFT);
          v128.store(out, v128.add<Real>(v128.add<Real>(v128.load(at), v128.load(at, SIZE)), v128.load(at, 2 * SIZE)));
          out += 16;
        }
      }
      for (; j < q; j += LANES) {
        const at = row + (j << SHIFT);
        let sum = v128.load(at);
        for (let b = 1; b < kernelW; b++) sum = v128.add<Real>(sum, v128.load(at + (b << SHIFT)));
        if (!before) sum = v128.mul<Real>(sum, v128.load(weight));
        const lanes = min(LANES, q - j);
        put(out, 0, sum, lanes, false);
        out += lanes << SHIFT;
        weight += lanes << SHIFT;
      }
      row += step;
    }
    x += (h * w) << SHIFT;
  }
}

/** to = a·b, whole vectors: a little more than `count`. */
@inline
function multiplied(to: usize, a: usize, b: usize, count: i32): void {
  const bytes = <usize>count << SHIFT;
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.mul<Real>(v128.load(a + i), v128.load(b + i)));
}

/** The first `count` columns of the sum of `rows` rows, and zeros up to a whole vector. */
@inline
function sumOfRows(to: usize, from: usize, step: usize, rows: i32, count: i32): void {
  let left = count;
  if (rows == 3) {
    for (; left >= LANES; left -= LANES) {
      const sum = v128.add<Real>(v128.add<Real>(v128.load(from), v128.load(from + step)), v128.load(from + 2 * step));
      v128.store(to, sum);
      to += 16;
      from += 16;
    }
  }
  for (; left > 0; left -= LANES) {
    let sum = v128.splat<Real>(0);
    let at = from;
    for (let a = 0; a < rows; a++) {
      sum = v128.add<Real>(sum, v128.load(at));
      at += step;
    }
    if (left < LANES) sum = v128.and(sum, firstLanes(left));
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
        let sum: Real = 0;
        for (let y = y0; y < y1; y++) {
          for (let z = x0; z < x1; z++) sum += load<Real>(x + ((y * w + z) << SHIFT));
        }
        store<Real>(out, sum / load<Real>(count));
        count += SIZE;
        out += SIZE;
      }
    }
    x += (t.inputH * w) << SHIFT;
  }
}

/** The adjoint of `averagePool`: every pixel gets its share of each window that holds it. */
export function averagePoolGradient(out: usize, g: usize, counts: usize, planes: i32, t: PoolTable): void {
  const w = t.inputW;
  const sideBySide = t.kernelH == t.strideH && t.kernelW == t.strideW && t.paddingTop == 0 && t.paddingLeft == 0;
  if (sideBySide && t.outputH * t.strideH == t.inputH && t.outputW * t.strideW == w) return spreadShares(out, g, planes, t);
  const size = (<usize>(t.inputH * w)) << SHIFT;
  memory.fill(out, 0, size * planes);
  for (let plane = 0; plane < planes; plane++) {
    let count = counts;
    for (let i = 0; i < t.outputH; i++) {
      const y0 = top(t, i);
      const y1 = bottom(t, i);
      for (let j = 0; j < t.outputW; j++) {
        const x0 = left(t, j);
        const x1 = right(t, j);
        const share = load<Real>(g) / load<Real>(count);
        for (let y = y0; y < y1; y++) {
          for (let z = x0; z < x1; z++) {
            const to = out + ((y * w + z) << SHIFT);
            store<Real>(to, load<Real>(to) + share);
          }
        }
        count += SIZE;
        g += SIZE;
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
  const factor: Real = <Real>1 / <Real>(t.kernelH * kernelW);
  const bytes = <usize>t.inputW << SHIFT;
  for (let row = 0; row < planes * t.outputH; row++) {
    let from = g;
    let to = out;
    let j = 0;
    if (kernelW == 2) {
      for (; j + LANES <= q; j += LANES) {
        const v = v128.mul<Real>(v128.load(from), v128.splat<Real>(factor));
        v128.store(to, lowLanes(v, v));
        v128.store(to, highLanes(v, v), 16);
        from += 16;
        to += 32;
      }
    }
    for (; j < q; j++) {
      const share = load<Real>(from) * factor;
      for (let z = 0; z < kernelW; z++) {
        store<Real>(to, share);
        to += SIZE;
      }
      from += SIZE;
    }
    for (let y = 1; y < t.kernelH; y++) memory.copy(out + y * bytes, out, bytes);
    out += bytes * t.kernelH;
    g += q << SHIFT;
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
        let value = load<Real>(x + (best << SHIFT));
        for (let y = y0; y < y1; y++) {
          for (let z = x0; z < x1; z++) {
            const candidate = load<Real>(x + ((y * w + z) << SHIFT));
            if (candidate > value || (isNaN(candidate) && !isNaN(value))) {
              best = y * w + z;
              value = candidate;
            }
          }
        }
        store<Real>(out, <Real>best);
        out += SIZE;
      }
    }
    x += (t.inputH * w) << SHIFT;
  }
}
