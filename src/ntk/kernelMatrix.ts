import { checkIterable, formatValue } from '../check.ts';
import { checkRunOptions } from '../abort.ts';
import type { RunOptions } from '../progress.ts';
import { nextTurn, turnIsDue } from '../turns.ts';
import { allocate, type Backend, formatShape, InputError, type NDArray, ShapeError } from '../tensor/index.ts';
import { GramProgram } from './gramProgram.ts';
import type { JacobianRows } from './jacobianRows.ts';
import { checkRowLengths } from './numericalRange.ts';

/** Where a kernel of rows is computed. */
export interface KernelOptions extends RunOptions {
  /** `defaultBackend` by default. */
  readonly backend?: Backend | undefined;
}

/** Rows as a kernel reads them: n rows of arrays that stand side by side. */
export interface KernelFactor {
  readonly rows: number;
  readonly columns: number;
  readonly arrays: readonly NDArray[];
}

/**
 * The factor that Jacobian rows are of a kernel. For the outputs `trace` the rows of one sample are one row: what is
 * summed over outputs is summed over columns.
 *
 * @throws InputError when there are no rows.
 */
export function factorOf({ parameters, samples, rowsPerSample, outputs }: JacobianRows): KernelFactor {
  if (parameters.length === 0) {
    throw new InputError('kernelMatrix: expected the rows of at least one parameter, got none');
  }
  const merged = outputs === 'trace' ? rowsPerSample : 1;
  const rows = (samples * rowsPerSample) / merged;
  const arrays = parameters.map((each) => ({ ...each.rows, shape: [rows, merged * each.rows.shape[1]] }));
  return { rows, columns: arrays.reduce((sum, { shape }) => sum + shape[1], 0), arrays };
}

/**
 * The kernel of Jacobian rows, Θ = J₁·J₂ᵀ in float64: every sum is accumulated in float64 whatever the precision of the
 * rows, because κ depends on the small end of the spectrum. See {@link GramProgram}. The second rows may come from another
 * batch of the same network; they are the first ones by default.
 *
 * Rows for the outputs `trace` give Θ[i, j] = Σₖ J₁[i, k]·J₂[j, k], [N₁, N₂]; all others give each pair of rows,
 * [N₁·Q, N₂·Q].
 *
 * Cost: N₁·N₂·P multiplications for one row per sample; half of that where J₂ is J₁.
 *
 * @throws InputError when there are no rows, ShapeError when rows are of different parameters, outputs or precisions.
 *
 * @example
 * const program = await JacobianProgram.compile(network, images.shape, { outputs: 'full' });
 * const rows = await program.run(images);
 * program.dispose();
 * console.log((await kernelMatrix(rows)).shape); // [ 12, 12 ]
 */
export async function kernelMatrix(
  first: JacobianRows,
  options: KernelOptions & { readonly second?: JacobianRows } = {},
): Promise<NDArray> {
  checkRunOptions('kernelMatrix', options, ['second', 'backend', 'signal', 'onProgress']);
  const { second = first, backend, signal, onProgress } = options;
  checkAlike('kernelMatrix', first, second);
  const [a, b] = second === first ? [factorOf(first)] : [factorOf(first), factorOf(second)];
  const sizes = { rows: a.rows, columns: a.columns, dtype: first.dtype, ...(backend && { backend }) };
  const program = await GramProgram.compile({
    ...(b === undefined ? sizes : { ...sizes, rows2: b.rows }),
    signal,
  });
  try {
    return await program.run(a.arrays, b?.arrays, { signal, onProgress });
  } finally {
    program.dispose();
  }
}

/**
 * Checks that the rows of a kernel are within the range of their precision.
 *
 * @param kernel of the rows with themselves, if available: its diagonal holds the squared lengths of rows.
 * @throws NumericalError when a row is infinite, too short, or zero where that is suspicious.
 */
export async function checkRange(rows: JacobianRows, kernel?: NDArray, signal?: AbortSignal): Promise<void> {
  const factor = factorOf(rows);
  const n = factor.rows;
  const squares = new Float64Array(n);
  if (kernel) for (let i = 0; i < n; i++) squares[i] = kernel.data[i * n + i];
  else await addSquares(squares, factor.arrays, signal);
  checkRowLengths(squares, {
    dtype: rows.dtype,
    parameters: factor.columns,
    suspicious: rows.suspicious ?? [],
    rowsPerSample: n / rows.samples,
  });
}

/** Adds the squared length of each row of arrays [n, p₁], [n, p₂], … */
async function addSquares(
  squares: Float64Array,
  arrays: readonly NDArray[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const {
    data,
    shape: [, columns],
  } of arrays) {
    for (let i = 0; i < squares.length; i++) {
      if (turnIsDue()) await nextTurn(signal);
      let sum = 0;
      for (let e = i * columns; e < (i + 1) * columns; e++) sum += data[e] * data[e];
      squares[i] += sum;
    }
  }
}

/**
 * The kernel of each parameter on its own, by name; their sum is Θ.
 *
 * @example
 * const program = await JacobianProgram.compile(network, images.shape, { parameters: 'weight' });
 * const kernels = await kernelByParameter(await program.run(images));
 * program.dispose();
 * console.log([...kernels.keys()], kernels.get('2.weight')!.shape); // [ '0.weight', '2.weight' ] [ 4, 4 ]
 */
export async function kernelByParameter(
  rows: JacobianRows,
  options: KernelOptions = {},
): Promise<Map<string, NDArray>> {
  checkRunOptions('kernelByParameter', options, ['backend', 'signal', 'onProgress']);
  checkRows('kernelByParameter', rows);
  const { onProgress, ...rest } = options;
  const kernels = new Map<string, NDArray>();
  for (const parameter of rows.parameters) {
    kernels.set(parameter.name, await kernelMatrix({ ...rows, parameters: [parameter] }, rest));
    onProgress?.({ done: kernels.size, of: rows.parameters.length, stage: 'kernel' });
  }
  return kernels;
}

/**
 * The rows of several batches under each other, as one set of rows.
 *
 * @throws InputError when there is none, ShapeError when they come from different networks.
 *
 * @example
 * const program = await JacobianProgram.compile(network, [4, 5]);
 * const rows = stackRows([await program.run(images), await program.run(generator.normals([4, 5]))]);
 * program.dispose();
 * console.log((await kernelMatrix(rows)).shape); // [ 8, 8 ]
 */
export function stackRows(batches: readonly JacobianRows[]): JacobianRows {
  checkIterable('stackRows', batches);
  if (batches.length === 0) throw new InputError('stackRows: expected the rows of at least one batch, got none');
  const [first] = batches;
  if (batches.length === 1) return first;
  for (const batch of batches) checkAlike('stackRows', first, batch);
  return {
    ...first,
    samples: batches.reduce((sum, { samples }) => sum + samples, 0),
    logits: stack(batches.map(({ logits }) => logits)),
    suspicious: batches.flatMap(({ suspicious }) => suspicious ?? []),
    parameters: first.parameters.map(({ name, shape }, k) => ({
      name,
      shape,
      rows: stack(batches.map(({ parameters }) => parameters[k].rows)),
    })),
  };
}

/** @throws InputError when the value is no rows. */
export function checkRows(where: string, rows: unknown): void {
  const { parameters, logits } = Object(rows) as Partial<JacobianRows>;
  if (!Array.isArray(parameters) || logits === undefined) {
    throw new InputError(`${where}: expected rows as JacobianProgram computes them, got ${formatValue(rows)}`);
  }
}

/** Arrays [n₁, …], [n₂, …], … as one, [n₁ + n₂ + …, …]. */
function stack(arrays: readonly NDArray[]): NDArray {
  const [{ shape, dtype }] = arrays;
  const size = arrays.reduce((sum, { data }) => sum + data.length, 0);
  const data = allocate(dtype, size);
  let offset = 0;
  for (const array of arrays) {
    data.set(array.data, offset);
    offset += array.data.length;
  }
  return { shape: [arrays.reduce((sum, array) => sum + array.shape[0], 0), ...shape.slice(1)], dtype, data };
}

/**
 * Makes sure that rows are of the same parameters and outputs: a network may use others for a batch of another size.
 *
 * @throws ShapeError when they are not.
 */
export function checkAlike(where: string, first: JacobianRows, second: JacobianRows): void {
  for (const rows of [first, second]) checkRows(where, rows);
  const describe = ({ dtype, outputs, parameters }: JacobianRows) =>
    `${dtype} rows for outputs ${outputs} of ${parameters.map(({ name, shape }) => name + formatShape(shape)).join(', ')}`;
  if (describe(first) !== describe(second)) {
    throw new ShapeError(`${where}: expected ${describe(first)}, got ${describe(second)}`);
  }
}
