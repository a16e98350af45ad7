import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';
import { allocate, type DType, formatShape, type NDArray, ShapeError, sizeOf, type Tensor } from '../tensor/index.ts';

/**
 * Which outputs of a network a kernel is of. A network gives each sample K outputs (the logits of K classes); output k
 * of sample i has the gradient J[i, k] with respect to the parameters.
 *
 * - `'trace'`: Θ[i, j] = Σₖ J[i, k]·J[j, k], the sum of the kernels of all outputs. The empirical NTK of
 *   neural-tangents, with its default `trace_axes=(-1,)`, is this divided by K;
 * - `'sum'`: the kernel of the sum of all outputs, Θ[i, j] = (Σₖ J[i, k])·(Σₖ J[j, k]), as in TE-NAS;
 * - `'full'`: all pairs of outputs, [N₁·K, N₂·K]; row i·K + k is output k of sample i;
 * - a number k: the kernel of output k alone.
 */
export type KernelOutputs = 'sum' | 'trace' | 'full' | number;

/**
 * Makes sure of a choice of outputs that comes from code without types.
 *
 * @throws InputError when it is none of the words and no whole number ≥ 0.
 */
export function checkOutputs(outputs: unknown): asserts outputs is KernelOutputs {
  const isNumber = typeof outputs === 'number' && Number.isInteger(outputs) && outputs >= 0;
  if (!isNumber && outputs !== 'sum' && outputs !== 'trace' && outputs !== 'full') {
    throw new InputError(
      `outputs: expected 'sum', 'trace', 'full' or the number of an output, got ${formatValue(outputs)}`,
    );
  }
}

/** Cotangents of one sample's outputs: as many rows of J as the choice of outputs takes for each sample. */
export interface SampleCotangents {
  /** K, the outputs of a sample. */
  readonly outputs: number;
  /** Q: 1, or K for `trace` and `full`. */
  readonly rows: number;
  /** Row q of K numbers. */
  readonly of: (q: number) => Float64Array;
}

/**
 * The cotangents that a choice of outputs stands for.
 *
 * @param y the network's output, [N, …output]
 * @throws ShapeError when y is not a batch of N samples, InputError when an output does not exist.
 */
export function cotangentsOf(y: Tensor, samples: number, outputs: KernelOutputs): SampleCotangents {
  if (y.rank < 1 || y.shape[0] !== samples) {
    throw new ShapeError(`network: expected outputs [${samples}, …], one for each sample, got ${formatShape(y.shape)}`);
  }
  const count = sizeOf(y.shape.slice(1));
  if (typeof outputs === 'number' && outputs >= count) {
    throw new InputError(`outputs: expected the number of an output from 0 to ${count - 1}, got ${outputs}`);
  }
  if (count === 0) throw new ShapeError(`network: expected at least one output, got shape ${formatShape(y.shape)}`);
  const one = (at: number) => Float64Array.from({ length: count }, (_, k) => Number(k === at));
  if (outputs === 'sum') return { outputs: count, rows: 1, of: () => new Float64Array(count).fill(1) };
  if (typeof outputs === 'number') return { outputs: count, rows: 1, of: () => one(outputs) };
  return { outputs: count, rows: count, of: one };
}

/** A zeroed array of cotangents, filled by a function that writes to it. */
export function filled(shape: readonly number[], dtype: DType, write: (data: NDArray['data']) => void): NDArray {
  const data = allocate(dtype, sizeOf(shape));
  write(data);
  return { shape, dtype, data };
}
