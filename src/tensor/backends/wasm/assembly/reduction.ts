/**
 * The maximum along the middle of [rows, count, inner], NaN where there is one: [rows, inner].
 *
 * A row of results is computed in columns of 16 floats, a cache line of each row of operands, so that what is between two
 * lines of a column is not fetched twice.
 */
export function maximum(out: usize, x: usize, rows: i32, count: i32, inner: i32): void {
  const step = <usize>inner << 2;
  for (let row = 0; row < rows; row++) {
    if (inner == 1) {
      store<f32>(out, maximumOfRow(x, count));
    } else {
      let j = 0;
      for (; j + 16 <= inner; j += 16) column16(out + (j << 2), x + (j << 2), count, step);
      for (; j + 4 <= inner; j += 4) column4(out + (j << 2), x + (j << 2), count, step);
      for (; j < inner; j++) column1(out + (j << 2), x + (j << 2), count, step);
    }
    out += step;
    x += step * count;
  }
}

function maximumOfRow(x: usize, count: i32): f32 {
  let value = load<f32>(x);
  let i = 0;
  if (count >= 8) {
    let a = v128.load(x);
    let b = v128.load(x, 16);
    for (i = 8; i + 8 <= count; i += 8) {
      a = f32x4.max(a, v128.load(x + (i << 2)));
      b = f32x4.max(b, v128.load(x + (i << 2), 16));
    }
    a = f32x4.max(a, b);
    value = max(
      max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)),
      max(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)),
    );
  }
  for (; i < count; i++) value = max(value, load<f32>(x + (i << 2)));
  return value;
}

@inline
function column16(out: usize, x: usize, count: i32, step: usize): void {
  let a = v128.load(x);
  let b = v128.load(x, 16);
  let c = v128.load(x, 32);
  let d = v128.load(x, 48);
  for (let i = 1; i < count; i++) {
    x += step;
    a = f32x4.max(a, v128.load(x));
    b = f32x4.max(b, v128.load(x, 16));
    c = f32x4.max(c, v128.load(x, 32));
    d = f32x4.max(d, v128.load(x, 48));
  }
  v128.store(out, a);
  v128.store(out, b, 16);
  v128.store(out, c, 32);
  v128.store(out, d, 48);
}

@inline
function column4(out: usize, x: usize, count: i32, step: usize): void {
  let a = v128.load(x);
  for (let i = 1; i < count; i++) {
    x += step;
    a = f32x4.max(a, v128.load(x));
  }
  v128.store(out, a);
}

@inline
function column1(out: usize, x: usize, count: i32, step: usize): void {
  let value = load<f32>(x);
  for (let i = 1; i < count; i++) {
    x += step;
    value = max(value, load<f32>(x));
  }
  store<f32>(out, value);
}
