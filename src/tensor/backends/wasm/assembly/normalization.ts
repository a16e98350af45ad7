import { laneSum } from './store';

// Batch norm. An array [samples, channels, pixels] is read plane by plane: sums run over a plane in four float32 lanes
// (a few hundred terms each) and over planes in float64.

/** Σ (x − center) over a plane. */
@inline
function planeSum(x: usize, center: f32, pixels: i32): f64 {
  const end = x + ((pixels & ~3) << 2);
  const last = x + (pixels << 2);
  const c = f32x4.splat(center);
  let s = f32x4.splat(0);
  for (; x < end; x += 16) s = f32x4.add(s, f32x4.sub(v128.load(x), c));
  let sum = laneSum(s);
  for (; x < last; x += 4) sum += load<f32>(x) - center;
  return sum;
}

/** Σ d and Σ d² of d = x − center over a plane, in float64. */
@inline
function planeDeviations(x: usize, center: f32, pixels: i32): v128 {
  const end = x + ((pixels & ~3) << 2);
  const last = x + (pixels << 2);
  const c = f32x4.splat(center);
  let s = f32x4.splat(0);
  let p = s;
  for (; x < end; x += 16) {
    const d = f32x4.sub(v128.load(x), c);
    s = f32x4.add(s, d);
    p = f32x4.add(p, f32x4.mul(d, d));
  }
  let sum = laneSum(s);
  let square = laneSum(p);
  for (; x < last; x += 4) {
    const d = load<f32>(x) - center;
    sum += d;
    square += d * d;
  }
  return f64x2(sum, square);
}

/** Σ a and Σ a·b over a plane, in float64. Two sums of each: an addition need not wait for the one before it. */
@inline
function planeMoments(a: usize, b: usize, pixels: i32): v128 {
  const end = a + ((pixels & ~7) << 2);
  const last = a + (pixels << 2);
  let s = f32x4.splat(0);
  let p = s;
  let s1 = s;
  let p1 = s;
  for (; a < end; a += 32) {
    const v = v128.load(a);
    const w = v128.load(a, 16);
    s = f32x4.add(s, v);
    s1 = f32x4.add(s1, w);
    p = f32x4.add(p, f32x4.mul(v, v128.load(b)));
    p1 = f32x4.add(p1, f32x4.mul(w, v128.load(b, 16)));
    b += 32;
  }
  let sum = laneSum(f32x4.add(s, s1));
  let product = laneSum(f32x4.add(p, p1));
  for (; a < last; a += 4) {
    const v = load<f32>(a);
    sum += v;
    product += v * load<f32>(b);
    b += 4;
  }
  return f64x2(sum, product);
}

/** out = p·a + q·b + r over a plane, with f32 coefficients. */
@inline
function planeCombination(out: usize, a: usize, b: usize, p: f32, q: f32, r: f32, pixels: i32): void {
  const end = out + ((pixels & ~7) << 2);
  const last = out + (pixels << 2);
  const vp = f32x4.splat(p);
  const vq = f32x4.splat(q);
  const vr = f32x4.splat(r);
  while (out < end) {
    const left = f32x4.add(f32x4.mul(v128.load(a), vp), vr);
    const right = f32x4.add(f32x4.mul(v128.load(a, 16), vp), vr);
    v128.store(out, f32x4.add(left, f32x4.mul(v128.load(b), vq)));
    v128.store(out, f32x4.add(right, f32x4.mul(v128.load(b, 16), vq)), 16);
    out += 32;
    a += 32;
    b += 32;
  }
  while (out < last) {
    store<f32>(out, load<f32>(a) * p + r + load<f32>(b) * q);
    out += 4;
    a += 4;
    b += 4;
  }
}

/** out = p·a + r over a plane. */
@inline
function planeAffine(out: usize, a: usize, p: f32, r: f32, pixels: i32): void {
  const end = out + ((pixels & ~3) << 2);
  const last = out + (pixels << 2);
  const vp = f32x4.splat(p);
  const vr = f32x4.splat(r);
  while (out < end) {
    v128.store(out, f32x4.add(f32x4.mul(v128.load(a), vp), vr));
    out += 16;
    a += 16;
  }
  while (out < last) {
    store<f32>(out, load<f32>(a) * p + r);
    out += 4;
    a += 4;
  }
}

/**
 * x̂ = (x − μ)·s (unless out is 0) and s = (σ² + ε)^−½ (unless inverses is 0) for the first `channels` of the `c`
 * channels.
 *
 * Nothing cancels, however large the mean is. Sums are of distances: from the channel's first value, which gives a mean
 * to a rounding, the center; then from the center. What the center lacks of the mean, the shift, is kept apart. A
 * constant channel has μ = x and σ = 0 exactly, and of one that spreads over a few units in the last place every
 * distance and every sum of distances is exact.
 */
export function standardize(
  out: usize,
  inverses: usize,
  x: usize,
  epsilon: f64,
  n: i32,
  c: i32,
  channels: i32,
  pixels: i32,
): void {
  const plane = <usize>pixels << 2;
  const sample = plane * c;
  const count = <f64>n * pixels;
  for (let k = 0; k < channels; k++) {
    const first = x + k * plane;
    const start = load<f32>(first);
    let sum: f64 = 0;
    for (let i = 0; i < n; i++) sum += planeSum(first + i * sample, start, pixels);
    const center = <f32>(start + sum / count);
    let deviations = f64x2.splat(0);
    for (let i = 0; i < n; i++) {
      deviations = f64x2.add(deviations, planeDeviations(first + i * sample, center, pixels));
    }
    // Σ(x − center)² = Σ(x − μ)² + count·shift².
    const shift = f64x2.extract_lane(deviations, 0) / count;
    const variance = Math.max(0, f64x2.extract_lane(deviations, 1) / count - shift * shift);
    const inverse = 1 / Math.sqrt(variance + epsilon);
    if (inverses) store<f32>(inverses + (k << 2), <f32>inverse);
    if (out) {
      for (let i = 0; i < n; i++) {
        const at = k * plane + i * sample;
        centered(out + at, x + at, center, <f32>shift, <f32>inverse, pixels);
      }
    }
  }
}

/** out = ((x − center) − shift)·scale over a plane. */
@inline
function centered(out: usize, x: usize, center: f32, shift: f32, scale: f32, pixels: i32): void {
  const end = out + ((pixels & ~3) << 2);
  const last = out + (pixels << 2);
  const vc = f32x4.splat(center);
  const vd = f32x4.splat(shift);
  const vs = f32x4.splat(scale);
  while (out < end) {
    v128.store(out, f32x4.mul(f32x4.sub(f32x4.sub(v128.load(x), vc), vd), vs));
    out += 16;
    x += 16;
  }
  while (out < last) {
    store<f32>(out, (load<f32>(x) - center - shift) * scale);
    out += 4;
    x += 4;
  }
}

/**
 * out = s·(g − mean(g) − y·mean(g·y)) for `rows` gradients g that share y and s, and products = Σ g·y unless 0: the
 * gradient of batch norm's scale, which is a sum of the same pass.
 */
export function standardizeGradient(
  out: usize, products: usize, g: usize, y: usize, s: usize, rows: i32, n: i32, c: i32, pixels: i32,
): void {
  const plane = <usize>pixels << 2;
  const sample = plane * c;
  const count = <f64>n * pixels;
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < c; k++) {
      let moments = f64x2.splat(0);
      for (let i = 0; i < n; i++) {
        const at = k * plane + i * sample;
        moments = f64x2.add(moments, planeMoments(g + at, y + at, pixels));
      }
      const sum = f64x2.extract_lane(moments, 0);
      const product = f64x2.extract_lane(moments, 1);
      if (products) store<f32>(products + ((r * c + k) << 2), <f32>product);
      const scale = <f64>load<f32>(s + (k << 2));
      const shift = <f32>((-scale * sum) / count);
      const slope = <f32>((-scale * product) / count);
      for (let i = 0; i < n; i++) {
        const at = k * plane + i * sample;
        planeCombination(out + at, g + at, y + at, <f32>scale, slope, shift, pixels);
      }
    }
    out += sample * n;
    g += sample * n;
  }
}

/** out = a·x + b, channel by channel; b is 0 throughout if its address is. */
export function channelAffine(out: usize, x: usize, a: usize, b: usize, n: i32, c: i32, pixels: i32): void {
  const plane = <usize>pixels << 2;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < c; k++) {
      planeAffine(out, x, load<f32>(a + (k << 2)), b ? load<f32>(b + (k << 2)) : 0, pixels);
      out += plane;
      x += plane;
    }
  }
}

/** out[c] = Σ a·b, or Σ a if b's address is 0. */
export function channelSums(out: usize, a: usize, b: usize, n: i32, c: i32, pixels: i32): void {
  const plane = <usize>pixels << 2;
  const sample = plane * c;
  for (let k = 0; k < c; k++) {
    let sum: f64 = 0;
    for (let i = 0; i < n; i++) {
      const at = k * plane + i * sample;
      if (b) sum += f64x2.extract_lane(planeMoments(a + at, b + at, pixels), 1);
      else sum += planeSum(a + at, 0, pixels);
    }
    store<f32>(out + (k << 2), <f32>sum);
  }
}
