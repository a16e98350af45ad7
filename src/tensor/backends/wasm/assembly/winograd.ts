import { pack } from './pack';
import { put } from './store';

// Winograd's minimal filtering F(2×2, 3×3) (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks"):
// four neighbouring windows of a 3×3 convolution take 16 multiplications a channel in place of 36. With a 4×4 patch d of
// the image, a kernel g and the 2×2 results y, and
//
//     Bᵀ = 1  0 −1  0     G = 1   0   0     Aᵀ = 1  1  1  0
//          0  1  1  0         ½   ½   ½          0  1 −1 −1
//          0 −1  1  0         ½  −½   ½
//          0  1  0 −1         0   0   1
//
// y = Aᵀ [Σ_channels (G g Gᵀ) ⊙ (Bᵀ d B)] A. The sum is linear in the kernel, so that the weight gradient is its adjoint,
// Gᵀ [Σ_patches (A y Aᵀ) ⊙ (Bᵀ d B)] G. Both are 16 matrix products, one for each point of the 4×4 plane.
//
// Vectors hold four patches side by side: 8 columns of results.

/** Bytes between the planes of points: past a multiple of 4 KiB, where the planes would fall on the same cache lines. */
@inline
function planeBytes(bytes: usize): usize {
  return ((bytes + 63) & ~63) + 64;
}

@inline
function evens(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 2, 4, 6);
}

@inline
function odds(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 1, 3, 5, 7);
}

/** One row of Bᵀ d, as patches: its product with B, four points. */
@inline
function patchRow(a: v128, middle: v128, b: v128, last: v128, to: usize, step: usize): void {
  const d0 = evens(a, b);
  const d1 = odds(a, b);
  const d2 = evens(middle, last);
  const d3 = odds(middle, last);
  v128.store(to, f32x4.sub(d0, d2));
  v128.store(to + step, f32x4.add(d1, d2));
  v128.store(to + 2 * step, f32x4.sub(d2, d1));
  v128.store(to + 3 * step, f32x4.sub(d1, d3));
}

/** Bᵀ d B of the four patches whose first pixel is at `from`; `row` bytes lead down a row, `step` to the next point. */
function transformPatches(from: usize, row: usize, to: usize, step: usize): void {
  const r1 = from + row;
  const r2 = r1 + row;
  const r3 = r2 + row;
  patchRow(
    f32x4.sub(v128.load(from), v128.load(r2)),
    f32x4.sub(v128.load(from, 8), v128.load(r2, 8)),
    f32x4.sub(v128.load(from, 16), v128.load(r2, 16)),
    f32x4.sub(v128.load(from, 24), v128.load(r2, 24)),
    to,
    step,
  );
  patchRow(
    f32x4.add(v128.load(r1), v128.load(r2)),
    f32x4.add(v128.load(r1, 8), v128.load(r2, 8)),
    f32x4.add(v128.load(r1, 16), v128.load(r2, 16)),
    f32x4.add(v128.load(r1, 24), v128.load(r2, 24)),
    to + 4 * step,
    step,
  );
  patchRow(
    f32x4.sub(v128.load(r2), v128.load(r1)),
    f32x4.sub(v128.load(r2, 8), v128.load(r1, 8)),
    f32x4.sub(v128.load(r2, 16), v128.load(r1, 16)),
    f32x4.sub(v128.load(r2, 24), v128.load(r1, 24)),
    to + 8 * step,
    step,
  );
  patchRow(
    f32x4.sub(v128.load(r1), v128.load(r3)),
    f32x4.sub(v128.load(r1, 8), v128.load(r3, 8)),
    f32x4.sub(v128.load(r1, 16), v128.load(r3, 16)),
    f32x4.sub(v128.load(r1, 24), v128.load(r3, 24)),
    to + 12 * step,
    step,
  );
}

/** Point i of G g for a column of g with the values a, b, c. */
@inline
function kernelPoint(i: i32, a: f32, b: f32, c: f32): f32 {
  if (i == 0) return a;
  if (i == 1) return <f32>0.5 * (a + b + c);
  if (i == 2) return <f32>0.5 * (a - b + c);
  return c;
}

/** G g Gᵀ for all kernels, [point][block of 4 kernels][channel][4]; zeros for kernels beyond the last. */
function transformKernels(
  w: usize,
  to: usize,
  step: usize,
  kernels: i32,
  channels: i32,
  stepKernel: i32,
  stepChannel: i32,
  flip: i32,
): void {
  const whole = (kernels + 3) & ~3;
  for (let k = 0; k < whole; k++) {
    for (let c = 0; c < channels; c++) {
      let at = to + (((((k >> 2) * channels + c) << 2) + (k & 3)) << 2);
      const g = w + ((k * stepKernel + c * stepChannel) << 2);
      const first: usize = flip ? 32 : 0;
      const next: isize = flip ? -4 : 4;
      for (let i = 0; i < 4; i++) {
        let p0: f32 = 0;
        let p1: f32 = 0;
        let p2: f32 = 0;
        if (k < kernels) {
          const q = g + first;
          p0 = kernelPoint(i, load<f32>(q), load<f32>(q + 3 * next), load<f32>(q + 6 * next));
          p1 = kernelPoint(i, load<f32>(q + next), load<f32>(q + 4 * next), load<f32>(q + 7 * next));
          p2 = kernelPoint(i, load<f32>(q + 2 * next), load<f32>(q + 5 * next), load<f32>(q + 8 * next));
        }
        for (let j = 0; j < 4; j++) {
          store<f32>(at, kernelPoint(j, p0, p1, p2));
          at += step;
        }
      }
    }
  }
}

/** m[k][2 vectors] = Σ_c u[c][k] · v[c][2 vectors] for four kernels k; `row` bytes between them. */
@inline
function multiply(u: usize, v: usize, channels: i32, m: usize, row: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  const end = u + (channels << 4);
  while (u < end) {
    const v0 = v128.load(v);
    const v1 = v128.load(v, 16);
    let s = v128.load32_splat(u);
    a0 = f32x4.add(a0, f32x4.mul(s, v0));
    a1 = f32x4.add(a1, f32x4.mul(s, v1));
    s = v128.load32_splat(u, 4);
    b0 = f32x4.add(b0, f32x4.mul(s, v0));
    b1 = f32x4.add(b1, f32x4.mul(s, v1));
    s = v128.load32_splat(u, 8);
    c0 = f32x4.add(c0, f32x4.mul(s, v0));
    c1 = f32x4.add(c1, f32x4.mul(s, v1));
    s = v128.load32_splat(u, 12);
    d0 = f32x4.add(d0, f32x4.mul(s, v0));
    d1 = f32x4.add(d1, f32x4.mul(s, v1));
    u += 16;
    v += 32;
  }
  v128.store(m, a0);
  v128.store(m, a1, 16);
  m += row;
  v128.store(m, b0);
  v128.store(m, b1, 16);
  m += row;
  v128.store(m, c0);
  v128.store(m, c1, 16);
  m += row;
  v128.store(m, d0);
  v128.store(m, d1, 16);
}

/** Puts a row of results: the even and the odd columns of four patches. */
@inline
function putRow(to: usize, mask: usize, even: v128, odd: v128, count: i32, add: bool): void {
  put(to, mask, v128.shuffle<f32>(even, odd, 0, 4, 1, 5), min(4, count), add);
  if (count > 4) put(to + 16, mask ? mask + 16 : 0, v128.shuffle<f32>(even, odd, 2, 6, 3, 7), count - 4, add);
}

/** Aᵀ m A of four patches, put as two rows of `count` results, or as one if it is the last of an odd number. */
function transformResults(m: usize, step: usize, to: usize, mask: usize, row: usize, both: bool, count: i32, add: bool): void {
  let m1 = v128.load(m + 4 * step);
  let m2 = v128.load(m + 8 * step);
  const p0 = f32x4.add(f32x4.add(v128.load(m), m1), m2);
  const q0 = f32x4.sub(f32x4.sub(m1, m2), v128.load(m + 12 * step));
  m += step;
  m1 = v128.load(m + 4 * step);
  m2 = v128.load(m + 8 * step);
  const p1 = f32x4.add(f32x4.add(v128.load(m), m1), m2);
  const q1 = f32x4.sub(f32x4.sub(m1, m2), v128.load(m + 12 * step));
  m += step;
  m1 = v128.load(m + 4 * step);
  m2 = v128.load(m + 8 * step);
  const p2 = f32x4.add(f32x4.add(v128.load(m), m1), m2);
  const q2 = f32x4.sub(f32x4.sub(m1, m2), v128.load(m + 12 * step));
  m += step;
  m1 = v128.load(m + 4 * step);
  m2 = v128.load(m + 8 * step);
  const p3 = f32x4.add(f32x4.add(v128.load(m), m1), m2);
  const q3 = f32x4.sub(f32x4.sub(m1, m2), v128.load(m + 12 * step));
  putRow(to, mask, f32x4.add(f32x4.add(p0, p1), p2), f32x4.sub(f32x4.sub(p1, p2), p3), count, add);
  if (both) {
    const below = mask ? mask + row : 0;
    putRow(to + row, below, f32x4.add(f32x4.add(q0, q1), q2), f32x4.sub(f32x4.sub(q1, q2), q3), count, add);
  }
}

/**
 * out[n][k] (+)= Σ_c w[k][c] ∗ x[n][c] for 3×3 kernels at stride 1: what `convolve` computes, by minimal filtering.
 *
 * @param t a table: see `lowerWinograd`
 * @param scratch room for transformed kernels, one packed sample, and the points of `block` vectors
 */
export function winogradConvolve(out: usize, x: usize, w: usize, mask: usize, add: i32, t: usize, scratch: usize): void {
  const samples = load<i32>(t);
  const maskSamples = load<i32>(t, 4);
  const kernels = load<i32>(t, 8);
  const channels = load<i32>(t, 12);
  const stepKernel = load<i32>(t, 16);
  const stepChannel = load<i32>(t, 20);
  const flip = load<i32>(t, 24);
  const sampleX = <usize>load<u32>(t, 28); // bytes
  const height = load<i32>(t, 32); // of the output
  const width = load<i32>(t, 36);
  const block = load<i32>(t, 40); // vectors, an even number
  const description = t + 44;
  const columns = <usize>load<u32>(description, 36) << 2; // bytes of a packed row
  const channelBytes = <usize>load<u32>(description, 32) * columns;

  const across = (width + 7) >> 3;
  const perSample = ((height + 1) >> 1) * across;
  const total = samples * perSample;
  const row = <usize>width << 2;
  const plane = row * height;
  const blocks = (kernels + 3) >> 2;
  const stepU = planeBytes(<usize>(blocks * channels) << 4);
  const stepV = planeBytes(<usize>(channels * block) << 4);
  const stepM = planeBytes(<usize>(blocks * block) << 6);
  const u = scratch;
  const v = u + 16 * stepU;
  const m = v + 16 * stepV;
  const image = m + 16 * stepM;
  transformKernels(w, u, stepU, kernels, channels, stepKernel, stepChannel, flip);
  memory.fill(image, 0, channels * channelBytes + 64);

  for (let start = 0; start < total; start += block) {
    const count = min(block, total - start);
    for (let b = 0; b < count; b++) {
      const sample = (start + b) / perSample;
      const place = (start + b) % perSample;
      if (place == 0) pack(x + sample * sampleX, image, channels, description);
      let from = image + ((place / across) << 1) * columns + ((place % across) << 5);
      let to = v + (((b >> 1) * channels) << 5) + ((b & 1) << 4);
      for (let c = 0; c < channels; c++) {
        transformPatches(from, columns, to, stepV);
        from += channelBytes;
        to += 32;
      }
    }
    for (let point = 0; point < 16; point++) {
      const kernelPoints = u + point * stepU;
      const results = m + point * stepM;
      for (let b = 0; b < count; b += 2) {
        const patches = v + point * stepV + ((b * channels) << 4);
        for (let k = 0; k < blocks; k++) {
          multiply(kernelPoints + ((k * channels) << 4), patches, channels, results + ((k * block) << 6) + (b << 4), <usize>block << 4);
        }
      }
    }
    for (let b = 0; b < count; b++) {
      const sample = (start + b) / perSample;
      const place = (start + b) % perSample;
      const i = (place / across) << 1;
      const j = (place % across) << 3;
      const offset = i * row + (j << 2);
      const both = i + 1 < height;
      const rest = min(8, width - j);
      let to = out + sample * kernels * plane + offset;
      let through: usize = mask ? mask + (sample % maskSamples) * kernels * plane + offset : 0;
      for (let k = 0; k < kernels; k++) {
        transformResults(m + ((k * block + b) << 4), stepM, to, through, row, both, rest, add != 0);
        to += plane;
        if (mask) through += plane;
      }
    }
  }
}

/** A y Aᵀ of four 2×2 patches of results; the last point's sign is left out, and made good in `storeKernels`. */
function transformGradients(from: usize, row: usize, to: usize, step: usize): void {
  let a = v128.load(from);
  let b = v128.load(from, 16);
  const e0 = evens(a, b);
  const o0 = odds(a, b);
  a = v128.load(from + row);
  b = v128.load(from + row, 16);
  const e1 = evens(a, b);
  const o1 = odds(a, b);
  gradientRow(e0, o0, to, step);
  gradientRow(f32x4.add(e0, e1), f32x4.add(o0, o1), to + 4 * step, step);
  gradientRow(f32x4.sub(e0, e1), f32x4.sub(o0, o1), to + 8 * step, step);
  gradientRow(e1, o1, to + 12 * step, step);
}

@inline
function gradientRow(e: v128, o: v128, to: usize, step: usize): void {
  v128.store(to, e);
  v128.store(to + step, f32x4.add(e, o));
  v128.store(to + 2 * step, f32x4.sub(e, o));
  v128.store(to + 3 * step, o);
}

/** The lane sums of four vectors, as a vector. */
@inline
function laneSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 1, 4, 5), v128.shuffle<f32>(c, d, 2, 3, 6, 7));
  return f32x4.add(evens(ab, cd), odds(ab, cd));
}

/** s[2 channels][4 kernels] += Σ_b g[k][b] · v[c][b]; `row` bytes between kernels, and between channels. */
@inline
function contract(g: usize, v: usize, count: i32, row: usize, s: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  const g1 = g + row;
  const g2 = g1 + row;
  const g3 = g2 + row;
  const w = v + row;
  const end = <usize>count << 4;
  for (let i: usize = 0; i < end; i += 16) {
    const v0 = v128.load(v + i);
    const v1 = v128.load(w + i);
    let y = v128.load(g + i);
    a0 = f32x4.add(a0, f32x4.mul(y, v0));
    a1 = f32x4.add(a1, f32x4.mul(y, v1));
    y = v128.load(g1 + i);
    b0 = f32x4.add(b0, f32x4.mul(y, v0));
    b1 = f32x4.add(b1, f32x4.mul(y, v1));
    y = v128.load(g2 + i);
    c0 = f32x4.add(c0, f32x4.mul(y, v0));
    c1 = f32x4.add(c1, f32x4.mul(y, v1));
    y = v128.load(g3 + i);
    d0 = f32x4.add(d0, f32x4.mul(y, v0));
    d1 = f32x4.add(d1, f32x4.mul(y, v1));
  }
  v128.store(s, f32x4.add(v128.load(s), laneSums(a0, b0, c0, d0)));
  v128.store(s, f32x4.add(v128.load(s, 16), laneSums(a1, b1, c1, d1)), 16);
}

/** Gᵀ s G for every kernel and channel, from sums [point][block of 4 kernels][channel, an even number][4]. */
function storeKernels(s: usize, step: usize, out: usize, kernels: i32, channels: i32): void {
  const even = (channels + 1) & ~1;
  for (let k = 0; k < kernels; k++) {
    for (let c = 0; c < channels; c++) {
      const at = s + (((((k >> 2) * even + c) << 2) + (k & 3)) << 2);
      for (let j = 0; j < 3; j++) {
        // Column j of s G, from rows of points; then Gᵀ from the left.
        const p0 = adjointPoint(j, at, step);
        const p1 = <f32>0.5 * adjointPoint(j, at + 4 * step, step);
        const p2 = <f32>0.5 * adjointPoint(j, at + 8 * step, step);
        const p3 = adjointPoint(j, at + 12 * step, step);
        store<f32>(out + (j << 2), p0 + (p1 + p2));
        store<f32>(out + ((3 + j) << 2), p1 - p2);
        store<f32>(out + ((6 + j) << 2), p1 + p2 - p3);
      }
      out += 36;
    }
  }
}

/** Σ over a row of four points with column j of G, the last point's sign turned. */
@inline
function adjointPoint(j: i32, at: usize, step: usize): f32 {
  const a = <f32>0.5 * load<f32>(at + step);
  const b = <f32>0.5 * load<f32>(at + 2 * step);
  if (j == 0) return load<f32>(at) + (a + b);
  if (j == 1) return a - b;
  return a + b - load<f32>(at + 3 * step);
}

/**
 * out[r][k][c] = Σ_n g[r][n][k] ⋆ x[n][c], 3×3 taps at stride 1, for `gradients` rows r that share x: what `correlate`
 * computes, by minimal filtering. The points of x are computed once for all rows.
 *
 * @param t a table: see `lowerWinogradGradient`
 * @param scratch room for one packed sample and one packed gradient, the points of `block` vectors of each, and sums
 */
export function winogradCorrelate(out: usize, x: usize, g: usize, t: usize, scratch: usize): void {
  const gradients = load<i32>(t);
  const samples = load<i32>(t, 4);
  const kernels = load<i32>(t, 8);
  const channels = load<i32>(t, 12);
  const sampleX = <usize>load<u32>(t, 16); // bytes
  const height = load<i32>(t, 20); // of the gradient
  const width = load<i32>(t, 24);
  const block = load<i32>(t, 28); // vectors
  const direct = load<i32>(t, 32); // whether the gradient is read in place
  const description = t + 36;
  const descriptionG = description + 40;
  const columns = <usize>load<u32>(description, 36) << 2; // bytes of a packed row
  const channelBytes = <usize>load<u32>(description, 32) * columns;
  const columnsG = <usize>load<u32>(descriptionG, 36) << 2;
  const kernelBytes = <usize>load<u32>(descriptionG, 32) * columnsG;

  const across = (width + 7) >> 3;
  const perSample = ((height + 1) >> 1) * across;
  const total = samples * perSample;
  const sampleG = <usize>(kernels * height * width) << 2;
  const rowG = sampleG * samples;
  const even = (channels + 1) & ~1;
  const blocks = (kernels + 3) >> 2;
  const line = <usize>block << 4;
  const stepV = planeBytes(even * line);
  const stepG = planeBytes((blocks << 2) * line);
  const stepS = planeBytes(<usize>(blocks * even) << 4);
  const v = scratch;
  const y = v + 16 * stepV;
  const sums = y + 16 * stepG;
  const image = sums + gradients * 16 * stepS;
  const imageG = image + channels * channelBytes + 64;
  memory.fill(sums, 0, gradients * 16 * stepS);
  memory.fill(image, 0, channels * channelBytes + 64);
  if (!direct) memory.fill(imageG, 0, kernels * kernelBytes + 64);

  for (let start = 0; start < total; start += block) {
    const count = min(block, total - start);
    for (let b = 0; b < count; b++) {
      const sample = (start + b) / perSample;
      const place = (start + b) % perSample;
      if (place == 0) pack(x + sample * sampleX, image, channels, description);
      let from = image + ((place / across) << 1) * columns + ((place % across) << 5);
      let to = v + (b << 4);
      for (let c = 0; c < channels; c++) {
        transformPatches(from, columns, to, stepV);
        from += channelBytes;
        to += line;
      }
    }
    for (let r = 0; r < gradients; r++) {
      for (let b = 0; b < count; b++) {
        const sample = (start + b) / perSample;
        const place = (start + b) % perSample;
        let from = g + r * rowG + sample * sampleG;
        if (!direct) {
          if (b == 0 || place == 0) pack(from, imageG, kernels, descriptionG);
          from = imageG;
        }
        from += ((place / across) << 1) * columnsG + ((place % across) << 5);
        let to = y + (b << 4);
        for (let k = 0; k < kernels; k++) {
          transformGradients(from, columnsG, to, stepG);
          from += kernelBytes;
          to += line;
        }
      }
      for (let point = 0; point < 16; point++) {
        let s = sums + (r * 16 + point) * stepS;
        for (let k = 0; k < blocks; k++) {
          const four = y + point * stepG + (k << 2) * line;
          for (let c = 0; c < even; c += 2) {
            contract(four, v + point * stepV + c * line, count, line, s);
            s += 32;
          }
        }
      }
    }
  }
  for (let r = 0; r < gradients; r++) {
    storeKernels(sums + r * 16 * stepS, stepS, out, kernels, channels);
    out += kernels * channels * 36;
  }
}
