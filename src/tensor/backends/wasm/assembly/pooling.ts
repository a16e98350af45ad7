// Pools over planes. Windows are few and small, and their borders irregular: plain loops.

/** Fields of a table: h, w, p, q, kernel h, kernel w, stride h, stride w, padding h, padding w, count padding. */
let h: i32 = 0;
let w: i32 = 0;
let p: i32 = 0;
let q: i32 = 0;
let kernelH: i32 = 0;
let kernelW: i32 = 0;
let strideH: i32 = 0;
let strideW: i32 = 0;
let paddingH: i32 = 0;
let paddingW: i32 = 0;
let countPadding: bool = false;

function read(t: usize): void {
  h = load<i32>(t);
  w = load<i32>(t, 4);
  p = load<i32>(t, 8);
  q = load<i32>(t, 12);
  kernelH = load<i32>(t, 16);
  kernelW = load<i32>(t, 20);
  strideH = load<i32>(t, 24);
  strideW = load<i32>(t, 28);
  paddingH = load<i32>(t, 32);
  paddingW = load<i32>(t, 36);
  countPadding = load<i32>(t, 40) != 0;
}

/** The mean of each window, `planes` times. */
export function averagePool(out: usize, x: usize, planes: i32, t: usize): void {
  read(t);
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < p; i++) {
      const top = max(0, i * strideH - paddingH);
      const bottom = min(h, i * strideH - paddingH + kernelH);
      for (let j = 0; j < q; j++) {
        const left = max(0, j * strideW - paddingW);
        const right = min(w, j * strideW - paddingW + kernelW);
        let sum: f32 = 0;
        for (let y = top; y < bottom; y++) {
          for (let z = left; z < right; z++) sum += load<f32>(x + ((y * w + z) << 2));
        }
        const size = countPadding ? kernelH * kernelW : (bottom - top) * (right - left);
        store<f32>(out, sum / <f32>size);
        out += 4;
      }
    }
    x += (h * w) << 2;
  }
}

/** The adjoint of `averagePool`: every pixel gets its share of each window that holds it. */
export function averagePoolGradient(out: usize, g: usize, planes: i32, t: usize): void {
  read(t);
  const size = (<usize>(h * w)) << 2;
  memory.fill(out, 0, size * planes);
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < p; i++) {
      const top = max(0, i * strideH - paddingH);
      const bottom = min(h, i * strideH - paddingH + kernelH);
      for (let j = 0; j < q; j++) {
        const left = max(0, j * strideW - paddingW);
        const right = min(w, j * strideW - paddingW + kernelW);
        const share = load<f32>(g) / <f32>(countPadding ? kernelH * kernelW : (bottom - top) * (right - left));
        for (let y = top; y < bottom; y++) {
          for (let z = left; z < right; z++) {
            const to = out + ((y * w + z) << 2);
            store<f32>(to, load<f32>(to) + share);
          }
        }
        g += 4;
      }
    }
    out += size;
  }
}

/** The row-major position of each window's largest element: the first of equal ones, and NaN before all. */
export function maxPoolIndex(out: usize, x: usize, planes: i32, t: usize): void {
  read(t);
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < p; i++) {
      const top = max(0, i * strideH - paddingH);
      const bottom = min(h, i * strideH - paddingH + kernelH);
      for (let j = 0; j < q; j++) {
        const left = max(0, j * strideW - paddingW);
        const right = min(w, j * strideW - paddingW + kernelW);
        let best = top * w + left;
        let value = load<f32>(x + (best << 2));
        for (let y = top; y < bottom; y++) {
          for (let z = left; z < right; z++) {
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
    x += (h * w) << 2;
  }
}

/** out[i] = x[index[i]], plane by plane. */
export function gatherPixels(out: usize, x: usize, index: usize, planes: i32, windows: i32, pixels: i32): void {
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < windows; i++) {
      store<f32>(out, load<f32>(x + ((<i32>load<f32>(index)) << 2)));
      out += 4;
      index += 4;
    }
    x += pixels << 2;
  }
}

/** out[index[i]] += g[i], plane by plane. */
export function scatterPixels(out: usize, g: usize, index: usize, planes: i32, windows: i32, pixels: i32): void {
  memory.fill(out, 0, (planes * pixels) << 2);
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < windows; i++) {
      const to = out + ((<i32>load<f32>(index)) << 2);
      store<f32>(to, load<f32>(to) + load<f32>(g));
      g += 4;
      index += 4;
    }
    out += pixels << 2;
  }
}
