/** Which inputs each output of a window is of, along one dimension. */
export interface Taps {
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  /** [outputs, taps]; −1 in the padding. */
  readonly positions: Int32Array;
}

/** Padding before and after, along one dimension. */
export type Side = readonly [before: number, after: number];

/** The taps of windows of a size, at every stride, over an extent with padding. */
export function tapsOf(inputs: number, taps: number, stride: number, [before, after]: Side): Taps {
  const outputs = Math.floor((inputs + before + after - taps) / stride) + 1;
  const positions = Int32Array.from({ length: outputs * taps }, (_, e) => {
    const at = Math.floor(e / taps) * stride + (e % taps) - before;
    return at < inputs ? Math.max(-1, at) : -1;
  });
  return { inputs, outputs, taps, positions };
}

/**
 * Sums over a window along one dimension: y[a, i, c] = Σ_r weight[i]·x[a, position(i, r), c].
 *
 * @param x [a, inputs, c]
 * @param weights [outputs]; ones by default
 */
export function alongOne(x: Float64Array, taps: Taps, c: number, weights?: Float64Array): Float64Array {
  const { inputs: n, outputs: m, taps: k, positions } = taps;
  const a = x.length / (n * c);
  const y = new Float64Array(a * m * c);
  for (let outer = 0; outer < a; outer++) {
    for (let i = 0; i < m; i++) {
      const weight = weights ? weights[i] : 1;
      const to = (outer * m + i) * c;
      for (let r = 0; r < k; r++) {
        const at = positions[i * k + r];
        if (at < 0) continue;
        const from = (outer * n + at) * c;
        for (let e = 0; e < c; e++) y[to + e] += weight * x[from + e];
      }
    }
  }
  return y;
}

/**
 * Sums over the same offset of two windows: y[a, i, b, j, c] = Σ_r x[a, position(i, r), b, position(j, r), c].
 *
 * @param x [a, inputs, b, inputs, c]
 */
export function alongBoth(x: Float64Array, taps: Taps, b: number, c: number): Float64Array {
  const { inputs: n, outputs: m, taps: k, positions } = taps;
  const a = x.length / (n * b * n * c);
  const y = new Float64Array(a * m * b * m * c);
  for (let outer = 0; outer < a; outer++) {
    for (let i = 0; i < m; i++) {
      for (let middle = 0; middle < b; middle++) {
        for (let j = 0; j < m; j++) {
          const to = (((outer * m + i) * b + middle) * m + j) * c;
          for (let r = 0; r < k; r++) {
            const [p, q] = [positions[i * k + r], positions[j * k + r]];
            if (p < 0 || q < 0) continue;
            const from = (((outer * n + p) * b + middle) * n + q) * c;
            for (let e = 0; e < c; e++) y[to + e] += x[from + e];
          }
        }
      }
    }
  }
  return y;
}
