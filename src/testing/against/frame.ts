import type { NDArray } from '../../tensor/index.ts';
import type { KernelComputation, LastFunction, RowOrder } from './computation.ts';
import type { GramBlocks } from './gramBlocks.ts';

/** The kernels of single parameters, for one choice of outputs. Their sum, each as often as its parameter counts, is Θ. */
export interface Frame {
  /** Rows of Θ. */
  readonly size: number;
  /** [size, size] of each parameter. */
  readonly blocks: readonly Float64Array[];
  /**
   * [size] of each parameter: the square of a length that no rounding error of a row exceeds by more than the precision.
   * Where gradients of several outputs are added, it is that of the sum of their lengths: they may cancel, their errors do
   * not.
   */
  readonly squares: readonly Float64Array[];
}

/** A row of K factors, and their sizes before any of them were added. */
interface OutputRow {
  readonly factors: Float64Array;
  readonly sizes: Float64Array;
}

/** A linear function of each sample's outputs: rows for each sample. */
type SampleMaps = readonly (readonly OutputRow[])[];

/** The kernels of single parameters of a computation, given all inner products of the network that it is of. */
export function frameOf(gram: GramBlocks, computation: KernelComputation): Frame {
  const maps = mapsOf(gram, computation);
  const q = maps[0].length;
  const { outputs, accumulated, order } = computation;
  const isTrace = outputs === 'trace';
  const n = gram.samples;
  const parts = gram.blocks.map((block) => {
    let matrix = mapped(block, gram, maps);
    let lengths = mappedLengths(block, gram, maps);
    if (accumulated) {
      const places = placesOf(n, q, accumulated);
      matrix = accumulatedRows(matrix, places);
      lengths = accumulatedLengths(lengths, places);
    }
    const squares = lengths.map((length) => length * length);
    if (isTrace) return { matrix: traced(matrix, n, q), squares: tracedSquares(squares, n, q) };
    const places = placesOf(n, q, order);
    return order === 'by sample' ? { matrix, squares } : reordered(matrix, squares, places);
  });
  return {
    size: isTrace ? n : n * q,
    blocks: parts.map(({ matrix }) => matrix),
    squares: parts.map(({ squares }) => squares),
  };
}

function mapsOf({ samples, outputs: k, logits }: GramBlocks, { last, outputs }: KernelComputation): SampleMaps {
  const alone = (factors: Float64Array): OutputRow => ({ factors, sizes: factors.map(Math.abs) });
  return Array.from({ length: samples }, (_, i) => {
    const y = logits.data.subarray(i * k, (i + 1) * k);
    const jacobian = lastJacobian(last, y);
    if (outputs === 'predicted') return [alone(jacobian[y.indexOf(Math.max(...y))])];
    if (typeof outputs === 'number') return [alone(jacobian[outputs])];
    if (outputs !== 'sum') return jacobian.map(alone);
    const total = (rows: readonly Float64Array[]) => rows.reduce((sum, row) => sum.map((each, j) => each + row[j]));
    return [{ factors: total(jacobian), sizes: total(jacobian.map((row) => row.map(Math.abs))) }];
  });
}

/** The derivative of a function of a sample's outputs, [K, K]. */
function lastJacobian(last: LastFunction, y: NDArray['data']): Float64Array[] {
  const most = Math.max(...y);
  const exponentials = Array.from(y, (each) => Math.exp(each - most));
  const total = exponentials.reduce((a, b) => a + b);
  const s = exponentials.map((each) => each / total);
  const row = (i: number) =>
    Float64Array.from(s, (each, j) => {
      const same = Number(i === j);
      if (last === 'none') return same;
      return last === 'softmax' ? s[i] * (same - each) : same - each;
    });
  return s.map((_, i) => row(i));
}

/** A·B·Aᵀ with A of a block for each sample. */
function mapped(block: Float64Array, { samples: n, outputs: k }: GramBlocks, maps: SampleMaps): Float64Array {
  const q = maps[0].length;
  const all = n * k;
  const half = new Float64Array(n * q * all);
  for (let i = 0; i < n; i++) {
    maps[i].forEach(({ factors }, a) => {
      const at = (i * q + a) * all;
      factors.forEach((factor, j) => {
        if (factor === 0) return;
        const from = (i * k + j) * all;
        for (let c = 0; c < all; c++) half[at + c] += factor * block[from + c];
      });
    });
  }
  const result = new Float64Array((n * q) ** 2);
  for (let r = 0; r < n * q; r++) {
    for (let i = 0; i < n; i++) {
      maps[i].forEach(({ factors }, a) => {
        let sum = 0;
        for (let j = 0; j < k; j++) sum += factors[j] * half[r * all + i * k + j];
        result[r * n * q + i * q + a] = sum;
      });
    }
  }
  return result;
}

/** Σ |factor|·‖J‖ over the outputs that a row is made of. */
function mappedLengths(block: Float64Array, { samples: n, outputs: k }: GramBlocks, maps: SampleMaps): Float64Array {
  const all = n * k;
  const lengths = maps.flatMap((rows, i) =>
    rows.map(({ sizes }) =>
      sizes.reduce((sum, each, j) => {
        const at = i * k + j;
        return sum + each * Math.sqrt(Math.max(0, block[at * all + at]));
      }, 0),
    ),
  );
  return Float64Array.from(lengths);
}

/** The rows i·Q + q of n samples in an order. */
function placesOf(n: number, q: number, order: RowOrder): number[] {
  if (order === 'by sample') return Array.from({ length: n * q }, (_, r) => r);
  return Array.from({ length: n * q }, (_, r) => (r % n) * q + Math.floor(r / n));
}

/** The kernel of rows each of which is the sum of those before it and itself. */
function accumulatedRows(matrix: Float64Array, places: readonly number[]): Float64Array {
  const size = places.length;
  const sums = matrix.slice();
  for (let r = 1; r < size; r++) {
    const [row, before] = [places[r] * size, places[r - 1] * size];
    for (let c = 0; c < size; c++) sums[row + c] += sums[before + c];
  }
  for (let r = 1; r < size; r++) {
    for (let c = 0; c < size; c++) sums[c * size + places[r]] += sums[c * size + places[r - 1]];
  }
  return sums;
}

function accumulatedLengths(lengths: Float64Array, places: readonly number[]): Float64Array {
  const sums = lengths.slice();
  for (let r = 1; r < places.length; r++) sums[places[r]] += sums[places[r - 1]];
  return sums;
}

function traced(matrix: Float64Array, n: number, q: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let a = 0; a < q; a++) result[i * n + j] += matrix[(i * q + a) * n * q + j * q + a];
    }
  }
  return result;
}

function tracedSquares(squares: Float64Array, n: number, q: number): Float64Array {
  const result = new Float64Array(n);
  squares.forEach((square, r) => (result[Math.floor(r / q)] += square));
  return result;
}

function reordered(matrix: Float64Array, squares: Float64Array, places: readonly number[]) {
  const size = places.length;
  const result = new Float64Array(size * size);
  places.forEach((from, r) => places.forEach((to, c) => (result[r * size + c] = matrix[from * size + to])));
  return { matrix: result, squares: Float64Array.from(places, (from) => squares[from]) };
}
