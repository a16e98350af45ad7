import { checkRunOptions } from '../../abort.ts';
import { formatValue, checkReal } from '../../check.ts';
import type { Abortable, RunOptions } from '../../progress.ts';
import { checkModule, forward, initialize, type Module, pytorchDefault, type Scheme } from '../../nn/index.ts';
import { Generator, InputError, ndarray, type NDArray, sizeOf } from '../../tensor/index.ts';
import { product, transposed } from '../dense.ts';
import { ROWS_OPTIONS, type RowsOptions } from '../jacobianRows.ts';
import { KernelProgram } from '../tangentKernel.ts';
import { studentQuantile } from './studentT.ts';

/** The mean of draws, and how far it can be trusted. All arrays are [N₁, N₂]. */
export interface Estimate {
  readonly mean: NDArray;
  /** Of the mean: the deviation of draws over the root of their number. */
  readonly standardError: NDArray;
  /** Which the expected value lies in with the confidence asked for, entry by entry, by Student's distribution. */
  readonly interval: readonly [lowest: NDArray, highest: NDArray];
}

/** Estimates of both kernels. */
export interface KernelEstimates {
  /** E[f_k(x1)·f_k(x2)], averaged over the outputs k. */
  readonly nngp: Estimate;
  /** E[Θ], averaged over the outputs: the `trace` over their number. */
  readonly ntk: Estimate;
  readonly draws: number;
}

/** Options of {@link monteCarloKernel}. */
export interface MonteCarloOptions extends Omit<RowsOptions, 'outputs'>, RunOptions {
  /** A second batch, [N₂, …]; the first itself by default. */
  readonly x2?: NDArray | undefined;
  /** How many networks are drawn, at least 2; 16 by default. */
  readonly draws?: number | undefined;
  /** How their linear maps start; `pytorchDefault` by default. Networks of {@link wideNetwork} say so themselves. */
  readonly scheme?: Scheme | undefined;
  /** What they are drawn with; seed 0 by default. */
  readonly generator?: Generator | undefined;
  /** The probability of {@link Estimate.interval}, above 0 and below 1; 0.95 by default. */
  readonly confidence?: number | undefined;
}

/**
 * The kernels of any network at initialisation, averaged over draws of its parameters: at a finite width, and for networks
 * that have no formula. The width's own effect on the mean is 1/width, the deviation of a draw 1/√width.
 *
 * The network has the parameters afterwards that it had before; those that had no value keep those of the last draw.
 *
 * @param x1 [N₁, …]
 * @throws InputError when an option is out of its range; what {@link tangentKernel} throws.
 *
 * @example
 * const { ntk, draws } = await monteCarloKernel(network, images, { draws: 8 });
 * console.log(draws, ntk.mean.shape, ntk.standardError.shape); // 8 [ 4, 4 ] [ 4, 4 ]
 */
export async function monteCarloKernel(
  network: Module,
  x1: NDArray,
  options: MonteCarloOptions = {},
): Promise<KernelEstimates> {
  const own = ['x2', 'draws', 'scheme', 'generator', 'confidence', 'onProgress'] as const;
  const known = [...ROWS_OPTIONS.filter((name) => name !== 'outputs'), ...own];
  checkRunOptions<MonteCarloOptions & Abortable>('monteCarloKernel', options, known);
  checkModule('monteCarloKernel: network', network);
  const { x2, draws = 16, scheme = pytorchDefault, generator = new Generator(0), confidence = 0.95 } = options;
  const { onProgress, signal, mode, backend, dtype, parameters, blockRows, maximumBytes } = options;
  if (!Number.isInteger(draws) || draws < 2) {
    throw new InputError(`monteCarloKernel: draws: expected an integer ≥ 2, got ${formatValue(draws)}`);
  }
  checkReal('monteCarloKernel: confidence', confidence, { least: 0, open: true, below: 1 });
  const before = [...network.namedState().values()].flatMap((each) =>
    each.hasValue ? [[each, each.value] as const] : [],
  );
  initialize(network, scheme, generator.fork(0));
  const rows = { mode, backend, dtype, parameters, blockRows, maximumBytes, signal, outputs: 'trace' } as const;
  const program = await KernelProgram.compile(network, [x1.shape, x2?.shape], rows);
  const [nngp, ntk] = [new Draws(), new Draws()];
  try {
    for (let draw = 0; draw < draws; draw++) {
      if (draw > 0) initialize(network, scheme, generator.fork(draw));
      const { kernel, logits } = await program.run(x1, { x2, signal });
      const others = x2 ? await forward(network, x2, { mode, backend, dtype, signal }) : logits;
      const outputs = sizeOf(logits.shape.slice(1));
      ntk.add(
        kernel.data.map((theta) => theta / outputs),
        kernel.shape,
      );
      nngp.add(outerProduct(logits, others, outputs), kernel.shape);
      onProgress?.({ done: draw + 1, of: draws, stage: 'repeats' });
    }
  } finally {
    program.dispose();
    for (const [variable, value] of before) variable.value = value;
  }
  const quantile = studentQuantile(confidence, draws - 1);
  return { nngp: nngp.estimate(quantile), ntk: ntk.estimate(quantile), draws };
}

/** f(x1)·f(x2)ᵀ/K */
function outerProduct(f1: NDArray, f2: NDArray, outputs: number): Float64Array {
  const matrix = ({ shape, data }: NDArray) => ({ rows: shape[0], columns: outputs, data });
  return Float64Array.from(product(matrix(f1), transposed(matrix(f2))).data, (sum) => sum / outputs);
}

/** Mean and deviation of arrays that come one by one (Welford 1962). */
class Draws {
  #count = 0;
  #shape: readonly number[] = [];
  #mean = new Float64Array(0);
  #squares = new Float64Array(0);

  add(data: ArrayLike<number>, shape: readonly number[]): void {
    if (this.#count === 0) {
      this.#shape = shape;
      this.#mean = new Float64Array(data.length);
      this.#squares = new Float64Array(data.length);
    }
    this.#count += 1;
    for (let i = 0; i < data.length; i++) {
      const difference = data[i] - this.#mean[i];
      this.#mean[i] += difference / this.#count;
      this.#squares[i] += difference * (data[i] - this.#mean[i]);
    }
  }

  /** @param quantile how many standard errors the interval reaches on either side. */
  estimate(quantile: number): Estimate {
    const mean = this.#mean;
    const error = this.#squares.map((square) => Math.sqrt(square / (this.#count - 1) / this.#count));
    const at = (side: number) =>
      ndarray(
        mean.map((m, i) => m + side * quantile * error[i]),
        this.#shape,
      );
    return {
      mean: ndarray(mean, this.#shape),
      standardError: ndarray(error, this.#shape),
      interval: [at(-1), at(1)],
    };
  }
}
