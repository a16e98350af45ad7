import {
  gradientLines, gradientPoints, kernelPoints, patchLines, patchPoints, PLACE_BYTES, planeBytes, POINTS, putPatches, SIDE,
  tapsOf,
} from './minimalFiltering';

// Convolution and weight gradient by minimal filtering. Both go through the images by blocks of patch rows, so that the
// points of a block stay in the cache from the transform to the products.

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

/** The same for the last one or two kernels. */
@inline
function multiplyTwo(u: usize, v: usize, channels: i32, m: usize, row: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
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
    u += 16;
    v += 32;
  }
  v128.store(m, a0);
  v128.store(m, a1, 16);
  m += row;
  v128.store(m, b0);
  v128.store(m, b1, 16);
}

/**
 * out[n][k] (+)= Σ_c w[k][c] ∗ x[n][c] for 3×3 kernels at stride 1: what `convolve` computes, by minimal filtering.
 * Vectors hold four patches of a channel.
 *
 * @param t a table: see `lowerWinograd`
 * @param scratch see there
 */
export function winogradConvolve(out: usize, x: usize, w: usize, mask: usize, add: i32, t: usize, scratch: usize): void {
  const samples = load<i32>(t);
  const maskSamples = load<i32>(t, 4);
  const kernels = load<i32>(t, 8);
  const channels = load<i32>(t, 12);
  const stepKernel = <usize>load<u32>(t, 16) << 2;
  const stepChannel = <usize>load<u32>(t, 20) << 2;
  const turned = load<i32>(t, 24);
  const heightX = load<i32>(t, 28);
  const widthX = load<i32>(t, 32);
  const above = load<i32>(t, 36); // rows and columns of zeros in front of the image
  const before = load<i32>(t, 40);
  const height = load<i32>(t, 44); // of the output
  const width = load<i32>(t, 48);
  const blockRows = load<i32>(t, 52);

  const across = (width + 3) >> 2;
  const down = (height + 3) >> 2;
  const totalRows = samples * down;
  const line = <usize>(across * 4 + 8) << 2; // bytes; the columns of the patches, and where whole vectors end
  const rowLines = line * SIDE;
  const most = (blockRows * across + 7) & ~7; // patches of a block
  const blocks = (kernels + 3) >> 2;
  const rowX = <usize>widthX << 2;
  const planeX = rowX * heightX;
  const row = <usize>width << 2;
  const plane = row * height;
  const rowM = <usize>most << 2;
  const stepU = planeBytes(<usize>(blocks * channels) << 4);
  const stepV = planeBytes(<usize>channels * rowM);
  const stepM = planeBytes(<usize>(blocks << 2) * rowM);

  const room = scratch; // 40 vectors
  const zeros = room + 640;
  const lines = (zeros + rowX + 127) & ~63;
  const starts = lines + rowLines * (blockRows + 1); // behind the lines: what vectors read beyond the last
  const places = starts + (most << 2);
  const u = (places + most * PLACE_BYTES + 63) & ~63;
  const v = u + POINTS * stepU;
  const m = v + POINTS * stepV;
  memory.fill(zeros, 0, starts - zeros);
  memory.fill(v, 0, POINTS * stepV);
  kernelPoints(w, u, stepU, kernels, channels, stepKernel, stepChannel, turned != 0, room);
  // Patches beyond the last read what is there.
  for (let i = 0; i < most; i++) {
    const r = i / across;
    store<u32>(starts + (i << 2), r < blockRows ? <u32>(lines + r * rowLines + ((i % across) << 4)) : <u32>lines);
  }

  const skip = before < 0 ? -before : 0;
  const fromLeft = <usize>skip << 2;
  const behind = lines + (<usize>max(0, before) << 2);
  const columns = min(widthX - skip, across * 4 + 2 - max(0, before));

  for (let start = 0; start < totalRows; start += blockRows) {
    const rows = min(blockRows, totalRows - start);
    const patches = rows * across;
    for (let r = 0; r < rows; r++) {
      const sample = (start + r) / down;
      const i = ((start + r) % down) << 2;
      const mine = i * row;
      const masked = mask ? mask + (sample % maskSamples) * kernels * plane + mine : 0;
      for (let j = 0; j < across; j++) {
        const place = places + (r * across + j) * PLACE_BYTES;
        store<u32>(place, <u32>(out + sample * kernels * plane + mine + (j << 4)));
        store<u32>(place, <u32>(masked ? masked + (j << 4) : 0), 4);
        store<i32>(place, min(4, height - i), 8);
        store<i32>(place, min(4, width - (j << 2)), 12);
      }
    }
    for (let c = 0; c < channels; c++) {
      for (let r = 0; r < rows; r++) {
        const sample = (start + r) / down;
        const first = (((start + r) % down) << 2) - above;
        const from = x + (sample * channels + c) * planeX;
        patchLines(from + fromLeft, rowX, heightX, columns, first, zeros, behind + r * rowLines, line);
      }
      let to = v + (c << 5);
      for (let p = 0; p < patches; p += 4) {
        const four = starts + (p << 2);
        patchPoints(load<u32>(four), load<u32>(four, 4), load<u32>(four, 8), load<u32>(four, 12), line, to, stepV);
        to += p & 4 ? (channels << 5) - 16 : 16;
      }
    }
    for (let point: usize = 0; point < POINTS; point++) {
      const kernelsAt = u + point * stepU;
      const results = m + point * stepM;
      let from = v + point * stepV;
      for (let p = 0; p < patches; p += 8) {
        let to = results + (p << 2);
        let four = kernelsAt;
        for (let k = kernels; k > 0; k -= 4) {
          if (k > 2) multiply(four, from, channels, to, rowM);
          else multiplyTwo(four, from, channels, to, rowM);
          four += channels << 4;
          to += rowM << 2;
        }
        from += channels << 5;
      }
    }
    for (let p = 0; p < patches; p += 4) {
      const four = places + p * PLACE_BYTES;
      let whole = true;
      for (let i = 0; i < 4; i++) {
        const place = four + i * PLACE_BYTES;
        if (p + i >= patches) store<i32>(place, 0, 8); // no rows
        if (load<i32>(place, 8) < 4 || load<i32>(place, 12) < 4) whole = false;
      }
      for (let k = 0; k < kernels; k++) {
        putPatches(m + k * rowM + (p << 2), stepM, four, k * plane, row, whole, add != 0, room);
      }
    }
  }
}

/** s[4 channels][8 kernels] += Σ_patches v[c] · y[k]; `stepS` bytes between channels. */
@inline
function contract(v: usize, y: usize, patches: i32, rowV: usize, rowY: usize, s: usize, stepS: usize): void {
  let a0 = v128.load(s);
  let a1 = v128.load(s, 16);
  let b0 = v128.load(s + stepS);
  let b1 = v128.load(s + stepS, 16);
  let c0 = v128.load(s + 2 * stepS);
  let c1 = v128.load(s + 2 * stepS, 16);
  let d0 = v128.load(s + 3 * stepS);
  let d1 = v128.load(s + 3 * stepS, 16);
  const end = v + patches * rowV;
  while (v < end) {
    const y0 = v128.load(y);
    const y1 = v128.load(y, 16);
    let c = v128.load32_splat(v);
    a0 = f32x4.add(a0, f32x4.mul(c, y0));
    a1 = f32x4.add(a1, f32x4.mul(c, y1));
    c = v128.load32_splat(v, 4);
    b0 = f32x4.add(b0, f32x4.mul(c, y0));
    b1 = f32x4.add(b1, f32x4.mul(c, y1));
    c = v128.load32_splat(v, 8);
    c0 = f32x4.add(c0, f32x4.mul(c, y0));
    c1 = f32x4.add(c1, f32x4.mul(c, y1));
    c = v128.load32_splat(v, 12);
    d0 = f32x4.add(d0, f32x4.mul(c, y0));
    d1 = f32x4.add(d1, f32x4.mul(c, y1));
    v += rowV;
    y += rowY;
  }
  v128.store(s, a0);
  v128.store(s, a1, 16);
  v128.store(s + stepS, b0);
  v128.store(s + stepS, b1, 16);
  v128.store(s + 2 * stepS, c0);
  v128.store(s + 2 * stepS, c1, 16);
  v128.store(s + 3 * stepS, d0);
  v128.store(s + 3 * stepS, d1, 16);
}

/** The same for the last four kernels. */
@inline
function contractFour(v: usize, y: usize, patches: i32, rowV: usize, rowY: usize, s: usize, stepS: usize): void {
  let a = v128.load(s);
  let b = v128.load(s + stepS);
  let c = v128.load(s + 2 * stepS);
  let d = v128.load(s + 3 * stepS);
  const end = v + patches * rowV;
  while (v < end) {
    const y0 = v128.load(y);
    a = f32x4.add(a, f32x4.mul(v128.load32_splat(v), y0));
    b = f32x4.add(b, f32x4.mul(v128.load32_splat(v, 4), y0));
    c = f32x4.add(c, f32x4.mul(v128.load32_splat(v, 8), y0));
    d = f32x4.add(d, f32x4.mul(v128.load32_splat(v, 12), y0));
    v += rowV;
    y += rowY;
  }
  v128.store(s, a);
  v128.store(s + stepS, b);
  v128.store(s + 2 * stepS, c);
  v128.store(s + 3 * stepS, d);
}

/**
 * out[r][k][c] = Σ_n g[r][n][k] ⋆ x[n][c], 3×3 taps at stride 1, for `gradients` rows r that share x: what `correlate`
 * computes, by minimal filtering. The points of x are computed once for all rows. Vectors hold a patch of four channels,
 * or of four kernels.
 *
 * @param t a table: see `lowerWinogradGradient`
 * @param scratch see there
 */
export function winogradCorrelate(out: usize, x: usize, g: usize, t: usize, scratch: usize): void {
  const gradients = load<i32>(t);
  const samples = load<i32>(t, 4);
  const kernels = load<i32>(t, 8);
  const channels = load<i32>(t, 12);
  const heightX = load<i32>(t, 16);
  const widthX = load<i32>(t, 20);
  const above = load<i32>(t, 24);
  const before = load<i32>(t, 28);
  const height = load<i32>(t, 32); // of the gradient
  const width = load<i32>(t, 36);
  const blockRows = load<i32>(t, 40);

  const across = (width + 3) >> 2;
  const down = (height + 3) >> 2;
  const totalRows = samples * down;
  const line = <usize>(across * 4 + 8) << 2;
  const rowLines = line * SIDE;
  const most = blockRows * across;
  const wholeC = (channels + 3) & ~3;
  const wholeK = (kernels + 3) & ~3;
  const rowV = <usize>wholeC << 2;
  const rowY = <usize>wholeK << 2;
  const rowX = <usize>widthX << 2;
  const planeX = rowX * heightX;
  const row = <usize>width << 2;
  const plane = row * height;
  const sampleG = plane * kernels;
  const stepV = planeBytes(most * rowV);
  const stepY = planeBytes(most * rowY);
  const stepS = planeBytes(<usize>wholeC * rowY);

  const room = scratch; // 40 vectors
  const zeros = room + 640;
  const linesX = (zeros + max(rowX, row) + 127) & ~63; // of four channels, which keep their borders of zeros
  const linesG = linesX + 4 * rowLines; // of four kernels
  const v = (linesG + 4 * rowLines + 127) & ~63;
  const y = v + POINTS * stepV;
  const sums = y + POINTS * stepY;
  memory.fill(zeros, 0, v - zeros);
  memory.fill(sums, 0, gradients * POINTS * stepS);

  const skip = before < 0 ? -before : 0;
  const fromLeft = <usize>skip << 2;
  const behind = linesX + (<usize>max(0, before) << 2);
  const columns = min(widthX - skip, across * 4 + 2 - max(0, before));

  for (let start = 0; start < totalRows; start += blockRows) {
    const rows = min(blockRows, totalRows - start);
    const patches = rows * across;
    for (let r = 0; r < rows; r++) {
      const sample = (start + r) / down;
      const first = (((start + r) % down) << 2) - above;
      for (let c = 0; c < channels; c += 4) {
        const count = min(4, channels - c);
        let from = x + (sample * channels + c) * planeX + fromLeft;
        for (let i = 0; i < count; i++) {
          patchLines(from, rowX, heightX, columns, first, zeros, behind + i * rowLines, line);
          from += planeX;
        }
        let to = v + r * across * rowV + (c << 2);
        let a = linesX;
        for (let j = 0; j < across; j++) {
          patchPoints(a, a + rowLines, a + 2 * rowLines, a + 3 * rowLines, line, to, stepV);
          a += 16;
          to += rowV;
        }
      }
    }
    for (let gradient = 0; gradient < gradients; gradient++) {
      for (let r = 0; r < rows; r++) {
        const sample = (start + r) / down;
        const first = ((start + r) % down) << 2;
        for (let k = 0; k < kernels; k += 4) {
          const count = min(4, kernels - k);
          let from = g + (gradient * samples + sample) * sampleG + k * plane;
          for (let i = 0; i < count; i++) {
            gradientLines(from, row, height, width, first, zeros, linesG + i * rowLines, line);
            from += plane;
          }
          let to = y + r * across * rowY + (k << 2);
          let a = linesG;
          for (let j = 0; j < across; j++) {
            gradientPoints(a, a + rowLines, a + 2 * rowLines, a + 3 * rowLines, line, to, stepY);
            a += 16;
            to += rowY;
          }
        }
      }
      for (let point: usize = 0; point < POINTS; point++) {
        const vAt = v + point * stepV;
        const yAt = y + point * stepY;
        const sAt = sums + (gradient * POINTS + point) * stepS;
        for (let c = 0; c < wholeC; c += 4) {
          let s = sAt + c * rowY;
          let four = yAt;
          let k = kernels;
          for (; k > 4; k -= 8) {
            contract(vAt + (c << 2), four, patches, rowV, rowY, s, rowY);
            s += 32;
            four += 32;
          }
          if (k > 0) contractFour(vAt + (c << 2), four, patches, rowV, rowY, s, rowY);
        }
      }
    }
  }
  for (let gradient = 0; gradient < gradients; gradient++) {
    for (let k = 0; k < kernels; k += 4) {
      for (let c = 0; c < channels; c++) {
        const s = sums + gradient * POINTS * stepS + c * rowY + (k << 2);
        tapsOf(s, stepS, out + (k * channels + c) * 36, channels * 36, min(4, kernels - k), room);
      }
    }
    out += kernels * channels * 36;
  }
}
