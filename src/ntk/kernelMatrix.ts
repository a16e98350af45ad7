import {
  type Backend,
  formatShape,
  gram,
  input,
  InputError,
  type NDArray,
  Program,
  referenceBackend,
  ShapeError,
  type Tensor,
} from '../tensor/index.ts';
import { GramProgram } from './gramProgram.ts';
import type { JacobianRows, ParameterRows } from './jacobianRows.ts';

/**
 * Θ = J·Jᵀ, [N, N] in float64: every sum is accumulated in float64 whatever the precision of the rows, because κ depends
 * on the small end of the spectrum. See {@link GramProgram}.
 *
 * Cost: N²·P/2 multiplications.
 *
 * @throws InputError when there are no rows.
 */
export async function kernelMatrix(
  { parameters }: Pick<JacobianRows, 'parameters'>,
  backend: Backend = referenceBackend,
): Promise<NDArray> {
  if (parameters.length === 0) {
    throw new InputError('kernelMatrix: expected the rows of at least one parameter, got none');
  }
  const { shape, dtype } = parameters[0].rows;
  const columns = parameters.reduce((sum, { rows }) => sum + rows.shape[1], 0);
  const program = await GramProgram.compile({ rows: shape[0], columns, dtype, backend });
  try {
    return await program.run(parameters.map(({ rows }) => rows));
  } finally {
    program.dispose();
  }
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
    suspicious: batches.flatMap(({ suspicious }) => suspicious ?? []),
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
