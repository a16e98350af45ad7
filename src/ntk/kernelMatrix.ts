import {
  allocate,
  type Backend,
  type DType,
  type Feeds,
  type FloatArray,
  formatShape,
  gram,
  input,
  type NDArray,
  Program,
  referenceBackend,
  ShapeError,
  type Tensor,
} from '../tensor/index.ts';
import { type JacobianRows, type ParameterRows } from './jacobianRows.ts';

/** So many blocks of columns for each lane of a backend: enough that all lanes end at about the same time. */
const BLOCKS_A_LANE = 4;

/**
 * Θ = J·Jᵀ, [N, N] in float64: every sum is accumulated in float64 whatever the precision of the rows, because κ depends
 * on the small end of the spectrum.
 *
 * J is taken apart into blocks of columns, whose kernels add up to Θ: side by side where the backend has several lanes,
 * and added in the order of the columns, so that the same rows give the same bits.
 *
 * Cost: N²·P multiplications.
 */
export async function kernelMatrix(
  { parameters }: Pick<JacobianRows, 'parameters'>,
  backend: Backend = referenceBackend,
): Promise<NDArray> {
  const { shape, dtype } = parameters[0].rows;
  const n = shape[0];
  const columns = parameters.reduce((sum, { rows }) => sum + rows.shape[1], 0);
  const width = Math.ceil(columns / (BLOCKS_A_LANE * backend.parallelism));
  const block = input('columns', [n, width], dtype);
  const program = await Program.compile([gram(block)], { backend, varying: [block] });
  const parts: FloatArray[] = [];
  try {
    await program.bind();
    await program.runBlocks(columnBlocks(parameters, block), (i, [part]) => (parts[i] = part.data.slice()));
  } finally {
    program.dispose();
  }
  const theta = new Float64Array(n * n);
  for (const part of parts) part.forEach((value, i) => (theta[i] += value));
  return { shape: [n, n], dtype: 'float64', data: theta };
}

/** Memory that worker threads see without another copy, wherever there is such. */
function shareable(dtype: DType, size: number): FloatArray {
  if (typeof SharedArrayBuffer !== 'function') return allocate(dtype, size);
  return dtype === 'float32'
    ? new Float32Array(new SharedArrayBuffer(4 * size))
    : new Float64Array(new SharedArrayBuffer(8 * size));
}

/** The columns of J as values of `block`, [N, width], one after another; zeros behind the last. */
function* columnBlocks(parameters: readonly ParameterRows[], block: Tensor): Generator<Feeds> {
  const { shape, dtype } = block;
  const [n, width] = shape;
  const feeds = (data: FloatArray): Feeds => new Map([[block, { shape, dtype, data }]]);
  let data = shareable(dtype, n * width);
  let filled = 0;
  for (const { rows } of parameters) {
    const columns = rows.shape[1];
    for (let from = 0; from < columns;) {
      const taken = Math.min(columns - from, width - filled);
      for (let i = 0; i < n; i++) {
        data.set(rows.data.subarray(i * columns + from, i * columns + from + taken), i * width + filled);
      }
      from += taken;
      filled += taken;
      if (filled === width) {
        yield feeds(data);
        data = shareable(dtype, n * width);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield feeds(data);
}

/** The kernel of each parameter on its own, [N, N] in float64, by name; their sum is Θ. */
export async function kernelByParameter(
  { parameters }: Pick<JacobianRows, 'parameters'>,
  backend?: Backend,
): Promise<Map<string, NDArray>> {
  const leaves = rowLeaves(parameters);
  const kernels = await evaluateWith(
    leaves.map((leaf) => gram(leaf)),
    leaves,
    parameters,
    backend,
  );
  return new Map(parameters.map(({ name }, k) => [name, kernels[k]]));
}

/**
 * The rows of several batches under each other, as one set of rows.
 *
 * @throws ShapeError when the batches come from different networks.
 */
export function stackRows(batches: readonly JacobianRows[]): JacobianRows {
  const [first] = batches;
  const stack = (arrays: readonly NDArray[]): NDArray => {
    const { shape, dtype } = arrays[0];
    const data = dtype === 'float32' ? new Float32Array(total(arrays)) : new Float64Array(total(arrays));
    let offset = 0;
    for (const array of arrays) {
      if (array.shape[1] !== shape[1]) {
        throw new ShapeError(`stackRows: expected ${shape[1]} columns, got ${formatShape(array.shape)}`);
      }
      data.set(array.data, offset);
      offset += array.data.length;
    }
    return { shape: [offset / shape[1], shape[1]], dtype, data };
  };
  if (batches.length === 1) return first;
  return {
    logits: stack(batches.map(({ logits }) => logits)),
    parameters: first.parameters.map(({ name, shape }, k) => ({
      name,
      shape,
      rows: stack(batches.map(({ parameters }) => parameters[k].rows)),
    })),
  };
}

function total(arrays: readonly NDArray[]): number {
  return arrays.reduce((sum, { data }) => sum + data.length, 0);
}

function rowLeaves(parameters: readonly ParameterRows[]): Tensor[] {
  return parameters.map(({ name, rows }) => input(name, rows.shape, rows.dtype));
}

async function evaluateWith(
  outputs: readonly Tensor[],
  leaves: readonly Tensor[],
  parameters: readonly ParameterRows[],
  backend: Backend | undefined,
): Promise<NDArray[]> {
  const program = await Program.compile(outputs, backend ? { backend } : {});
  try {
    await program.bind(new Map(leaves.map((leaf, k) => [leaf, parameters[k].rows])));
    return await program.run();
  } finally {
    program.dispose();
  }
}
