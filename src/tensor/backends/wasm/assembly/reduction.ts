import { LANES, PAIR, Real, SHIFT } from './precision';

/**
 * The maximum along the middle of [rows, count, inner], NaN where there is one: [rows, inner].
 *
 * A row of results is computed in columns of four vectors, a cache line of each row of operands, so that what is between two
 * lines of a column is not fetched twice.
 */
export function maximum(out: usize, x: usize, rows: i32, count: i32, inner: i32): void {
  const step = <usize>inner << SHIFT;
  for (let row = 0; row < rows; row++) {
    if (inner == 1) {
      store<Real>(out, maximumOfRow(x, count));
    } else {
      let j = 0;
      for (; j + 2 * PAIR <= inner; j += 2 * PAIR) columns4(out + (j << SHIFT), x + (j << SHIFT), count, step);
      for (; j + LANES <= inner; j += LANES) columns1(out + (j << SHIFT), x + (j << SHIFT), count, step);
      for (; j < inner; j++) column(out + (j << SHIFT), x + (j << SHIFT), count, step);
    }
    out += step;
    x += step * count;
  }
}

function maximumOfRow(x: usize, count: i32): Real {
  let value = load<Real>(x);
  let i = 0;
  if (count >= PAIR) {
    let a = v128.load(x);
    let b = v128.load(x, 16);
    for (i = PAIR; i + PAIR <= count; i += PAIR) {
      a = v128.max<Real>(a, v128.load(x + (i << SHIFT)));
      b = v128.max<Real>(b, v128.load(x + (i << SHIFT), 16));
    }
    a = v128.max<Real>(a, b);
    value = max(v128.extract_lane<Real>(a, 0), v128.extract_lane<Real>(a, 1));
    if (LANES == 4) value = max(value, max(v128.extract_lane<Real>(a, 2), v128.extract_lane<Real>(a, 3)));
  }
  for (; i < count; i++) value = max(value, load<Real>(x + (i << SHIFT)));
  return value;
}

@inline
function columns4(out: usize, x: usize, count: i32, step: usize): void {
  let a = v128.load(x);
  let b = v128.load(x, 16);
  let c = v128.load(x, 32);
  let d = v128.load(x, 48);
  for (let i = 1; i < count; i++) {
    x += step;
    a = v128.max<Real>(a, v128.load(x));
    b = v128.max<Real>(b, v128.load(x, 16));
    c = v128.max<Real>(c, v128.load(x, 32));
    d = v128.max<Real>(d, v128.load(x, 48));
  }
  v128.store(out, a);
  v128.store(out, b, 16);
  v128.store(out, c, 32);
  v128.store(out, d, 48);
}

@inline
function columns1(out: usize, x: usize, count: i32, step: usize): void {
  let a = v128.load(x);
  for (let i = 1; i < count; i++) {
    x += step;
    a = v128.max<Real>(a, v128.load(x));
  }
  v128.store(out, a);
}

@inline
function column(out: usize, x: usize, count: i32, step: usize): void {
  let value = load<Real>(x);
  for (let i = 1; i < count; i++) {
    x += step;
    value = max(value, load<Real>(x));
  }
  store<Real>(out, value);
}
