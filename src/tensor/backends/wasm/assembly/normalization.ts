import { laneSum } from './store';
import { LANES, PAIR, Real, SHIFT, SIZE } from './precision';

// Batch norm. An array [samples, channels, pixels] is read plane by plane: sums run over a plane in the lanes of
// a vector (a few hundred terms each) and over planes in float64.

/** Σ (x − center) over a plane. */
@inline
function planeSum(x: usize, center: Real, pixels: i32): f64 {
  const end = x + ((pixels & -LANES) << SHIFT);
  const last = x + (pixels << SHIFT);
  const c = v128.splat<Real>(center);
  let s = v128.splat<Real>(0);
  for (; x < end; x += 16) s = v128.add<Real>(s, v128.sub<Real>(v128.load(x), c));
  let sum = laneSum(s);
  for (; x < last; x += SIZE) sum += load<Real>(x) - center;
  return sum;
}

/** Σ d and Σ d² of d = x − center over a plane, in float64. */
@inline
function planeDeviations(x: usize, center: Real, pixels: i32): v128 {
  const end = x + ((pixels & -LANES) << SHIFT);
  const last = x + (pixels << SHIFT);
  const c = v128.splat<Real>(center);
  let s = v128.splat<Real>(0);
  let p = s;
  for (; x < end; x += 16) {
    const d = v128.sub<Real>(v128.load(x), c);
    s = v128.add<Real>(s, d);
    p = v128.add<Real>(p, v128.mul<Real>(d, d));
  }
  let sum = laneSum(s);
  let square = laneSum(p);
  for (; x < last; x += SIZE) {
    const d = load<Real>(x) - center;
    sum += d;
    square += d * d;
  }
  return f64x2(sum, square);
}

/** Σ a and Σ a·b over a plane, in float64. Two sums of each: an addition need not wait for the one before it. */
@inline
function planeMoments(a: usize, b: usize, pixels: i32): v128 {
  const end = a + ((pixels & -PAIR) << SHIFT);
  const last = a + (pixels << SHIFT);
  let s = v128.splat<Real>(0);
  let p = s;
  let s1 = s;
  let p1 = s;
  for (; a < end; a += 32) {
    const v = v128.load(a);
    const w = v128.load(a, 16);
    s = v128.add<Real>(s, v);
    s1 = v128.add<Real>(s1, w);
    p = v128.add<Real>(p, v128.mul<Real>(v, v128.load(b)));
    p1 = v128.add<Real>(p1, v128.mul<Real>(w, v128.load(b, 16)));
    b += 32;
  }
  let sum = laneSum(v128.add<Real>(s, s1));
  let product = laneSum(v128.add<Real>(p, p1));
  for (; a < last; a += SIZE) {
    const v = load<Real>(a);
    sum += v;
    product += v * load<Real>(b);
    b += SIZE;
  }
  return f64x2(sum, product);
}

/** out = p·a + q·b + r over a plane, with coefficients of its precision. */
@inline
function planeCombination(out: usize, a: usize, b: usize, p: Real, q: Real, r: Real, pixels: i32): void {
  const end = out + ((pixels & -PAIR) << SHIFT);
  const last = out + (pixels << SHIFT);
  const vp = v128.splat<Real>(p);
  const vq = v128.splat<Real>(q);
  const vr = v128.splat<Real>(r);
  while (out < end) {
    const left = v128.add<Real>(v128.mul<Real>(v128.load(a), vp), vr);
    const right = v128.add<Real>(v128.mul<Real>(v128.load(a, 16), vp), vr);
    v128.store(out, v128.add<Real>(left, v128.mul<Real>(v128.load(b), vq)));
    v128.store(out, v128.add<Real>(right, v128.mul<Real>(v128.load(b, 16), vq)), 16);
    out += 32;
    a += 32;
    b += 32;
  }
  while (out < last) {
    store<Real>(out, load<Real>(a) * p + r + load<Real>(b) * q);
    out += SIZE;
    a += SIZE;
    b += SIZE;
  }
}

/** out = p·a + r over a plane. */
@inline
function planeAffine(out: usize, a: usize, p: Real, r: Real, pixels: i32): void {
  const end = out + ((pixels & -LANES) << SHIFT);
  const last = out + (pixels << SHIFT);
  const vp = v128.splat<Real>(p);
  const vr = v128.splat<Real>(r);
  while (out < end) {
    v128.store(out, v128.add<Real>(v128.mul<Real>(v128.load(a), vp), vr));
    out += 16;
    a += 16;
  }
  while (out < last) {
    store<Real>(out, load<Real>(a) * p + r);
    out += SIZE;
    a += SIZE;
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
  const plane = <usize>pixels << SHIFT;
  const sample = plane * c;
  const count = <f64>n * pixels;
  for (let k = 0; k < channels; k++) {
    const first = x + k * plane;
    const start = load<Real>(first);
    let sum: f64 = 0;
    for (let i = 0; i < n; i++) sum += planeSum(first + i * sample, start, pixels);
    const center = <Real>(start + sum / count);
    let deviations = f64x2.splat(0);
    for (let i = 0; i < n; i++) {
      deviations = f64x2.add(deviations, planeDeviations(first + i * sample, center, pixels));
    }
    // Σ(x − center)² = Σ(x − μ)² + count·shift².
    const shift = f64x2.extract_lane(deviations, 0) / count;
    const variance = Math.max(0, f64x2.extract_lane(deviations, 1) / count - shift * shift);
    const inverse = 1 / Math.sqrt(variance + epsilon);
    if (inverses) store<Real>(inverses + (k << SHIFT), <Real>inverse);
    if (out) {
      for (let i = 0; i < n; i++) {
        const at = k * plane + i * sample;
        centered(out + at, x + at, center, <Real>shift, <Real>inverse, pixels);
      }
    }
  }
}

/** out = ((x − center) − shift)·scale over a plane. */
@inline
function centered(out: usize, x: usize, center: Real, shift: Real, scale: Real, pixels: i32): void {
  const end = out + ((pixels & -LANES) << SHIFT);
  const last = out + (pixels << SHIFT);
  const vc = v128.splat<Real>(center);
  const vd = v128.splat<Real>(shift);
  const vs = v128.splat<Real>(scale);
  while (out < end) {
    v128.store(out, v128.mul<Real>(v128.sub<Real>(v128.sub<Real>(v128.load(x), vc), vd), vs));
    out += 16;
    x += 16;
  }
  while (out < last) {
    store<Real>(out, (load<Real>(x) - center - shift) * scale);
    out += SIZE;
    x += SIZE;
  }
}

/**
 * out = s·(g − mean(g) − y·mean(g·y)) of the first `channels` of c channels, for `rows` gradients g that share y and s, and
 * products = Σ g·y unless 0: the gradient of batch norm's scale, which is a sum of the same pass.
 */
export function standardizeGradient(
  out: usize, products: usize, g: usize, y: usize, s: usize, rows: i32, n: i32, c: i32, channels: i32, pixels: i32,
): void {
  const plane = <usize>pixels << SHIFT;
  const sample = plane * c;
  const count = <f64>n * pixels;
  // Channel by channel: y's stays in the cache for all rows.
  for (let k = 0; k < channels; k++) {
    for (let r = 0; r < rows; r++) {
      const first = r * n * sample;
      let moments = f64x2.splat(0);
      for (let i = 0; i < n; i++) {
        const at = k * plane + i * sample;
        moments = f64x2.add(moments, planeMoments(g + first + at, y + at, pixels));
      }
      const sum = f64x2.extract_lane(moments, 0);
      const product = f64x2.extract_lane(moments, 1);
      if (products) store<Real>(products + ((r * c + k) << SHIFT), <Real>product);
      const scale = <f64>load<Real>(s + (k << SHIFT));
      const shift = <Real>((-scale * sum) / count);
      const slope = <Real>((-scale * product) / count);
      for (let i = 0; i < n; i++) {
        const at = k * plane + i * sample;
        planeCombination(out + first + at, g + first + at, y + at, <Real>scale, slope, shift, pixels);
      }
    }
  }
}

/** out = a·x + b, channel by channel; b is 0 throughout if its address is. */
export function channelAffine(out: usize, x: usize, a: usize, b: usize, n: i32, c: i32, pixels: i32): void {
  const plane = <usize>pixels << SHIFT;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < c; k++) {
      planeAffine(out, x, load<Real>(a + (k << SHIFT)), b ? load<Real>(b + (k << SHIFT)) : 0, pixels);
      out += plane;
      x += plane;
    }
  }
}

/** out[c] = Σ a·b, or Σ a if b's address is 0. */
export function channelSums(out: usize, a: usize, b: usize, n: i32, c: i32, pixels: i32): void {
  const plane = <usize>pixels << SHIFT;
  const sample = plane * c;
  for (let k = 0; k < c; k++) {
    let sum: f64 = 0;
    for (let i = 0; i < n; i++) {
      const at = k * plane + i * sample;
      if (b) sum += f64x2.extract_lane(planeMoments(a + at, b + at, pixels), 1);
      else sum += planeSum(a + at, 0, pixels);
    }
    store<Real>(out + (k << SHIFT), <Real>sum);
  }
}
