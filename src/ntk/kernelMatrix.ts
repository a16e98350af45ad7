import {
  allocateShared,
  type Backend,
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
import type { JacobianRows, ParameterRows } from './jacobianRows.ts';

/**
 * J is taken apart into blocks of so many bytes: few enough for a cache, enough to be worth a message to a worker. There
 * are {@link LEAST_BLOCKS} at least, for several workers to share, and each has {@link COLUMNS_A_ROW} columns a row at
 * least: less, and to add the kernels up would cost as much as to compute them.
 */
const BLOCK_BYTES = 2 ** 20;
const LEAST_BLOCKS = 8;
const COLUMNS_A_ROW = 4;

/** The columns of a block. The number of threads has no say in it, so that it has none in the result. */
function blockWidth(n: number, columns: number, bytes: number): number {
  const width = Math.max(Math.floor(BLOCK_BYTES / (bytes * n)), COLUMNS_A_ROW * n);
  return Math.min(width, Math.ceil(columns / LEAST_BLOCKS));
}

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
  const width = blockWidth(n, columns, parameters[0].rows.data.BYTES_PER_ELEMENT);
  const block = input('columns', [n, width], dtype);
  const program = await Program.compile([gram(block)], { backend, varying: [block] });
  const theta = new Float64Array(n * n);
  const early = new Map<number, FloatArray>(); // kernels of blocks before which others are missing
  let next = 0;
  const add = (part: FloatArray) => part.forEach((value, i) => (theta[i] += value));

  // A block's memory is used again as soon as its kernel is there: to touch fresh memory costs more than to copy.
  const buffers: FloatArray[] = [];
  const used = new Map<number, FloatArray>();
  function* blocks() {
    let i = 0;
    const take = () => buffers.pop() ?? allocateShared(dtype, n * width);
    for (const data of columnBlocks(parameters, n, width, take)) {
      used.set(i++, data);
      yield new Map([[block, { shape: block.shape, dtype, data }]]);
    }
  }
  try {
    await program.bind();
    await program.runBlocks(blocks(), (i, [part]) => {
      buffers.push(used.get(i)!);
      early.set(i, i === next ? part.data : part.data.slice());
      for (; early.has(next); next++) {
        add(early.get(next)!);
        early.delete(next);
      }
    });
  } finally {
    program.dispose();
  }
  return { shape: [n, n], dtype: 'float64', data: theta };
}

/** The columns of J in arrays [N, width], one after another; zeros behind the last. */
function* columnBlocks(
  parameters: readonly ParameterRows[],
  n: number,
  width: number,
  take: () => FloatArray,
): Generator<FloatArray> {
  let data = take();
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
        yield data;
        data = take();
        filled = 0;
      }
    }
  }
  if (filled === 0) return;
  for (let i = 0; i < n; i++) data.fill(0, i * width + filled, (i + 1) * width);
  yield data;
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
