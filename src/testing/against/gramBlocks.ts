import type { Mode, Module } from '../../nn/index.ts';
import { JacobianProgram, type JacobianRows, kernelByParameter } from '../../ntk/index.ts';
import { BackendError, defaultBackend, type DType, type NDArray, sizeOf } from '../../tensor/index.ts';
import type { Abortable } from '../../progress.ts';
import { ownName } from './rewrittenNetwork.ts';

/** All inner products of the gradients of all outputs, parameter by parameter. */
export interface GramBlocks {
  /** N */
  readonly samples: number;
  /** K */
  readonly outputs: number;
  /** The network's outputs, [N, …]. */
  readonly logits: NDArray;
  /** [N·K, N·K] of each parameter, in the order of the requested names; row i·K + k is output k of sample i. */
  readonly blocks: readonly Float64Array[];
}

/** The most bytes that the blocks of one network may take. */
const MOST_BYTES = 2 ** 30;

/**
 * The rows of J of all outputs and parameters.
 *
 * @throws BackendError when the inner products of them would not fit into memory.
 */
export async function fullRows(
  network: Module,
  x: NDArray,
  { mode, dtype = 'float64', signal }: { readonly mode: Mode; readonly dtype?: DType } & Abortable,
): Promise<JacobianRows> {
  const program = await JacobianProgram.compile(network, x.shape, {
    ...{ mode, dtype, outputs: 'full', parameters: 'all', signal },
  });
  try {
    const bytes = 8 * program.rowCount ** 2 * network.namedParameters().size;
    if (bytes > MOST_BYTES) {
      throw new BackendError(
        `explainKernel: inner products of ${program.rowCount} gradients: expected at most ${MOST_BYTES} bytes, got ${bytes}; ` +
          'fewer samples need less',
      );
    }
    const rows = await program.run(x, { signal });
    return { ...rows, parameters: rows.parameters.map((each) => ({ ...each, name: ownName(each.name) })) };
  } finally {
    program.dispose();
  }
}

/** The blocks of rows of all outputs. A parameter that has no rows has a block of zeros. */
export async function gramBlocks(
  rows: JacobianRows,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<GramBlocks> {
  const kernels = await kernelByParameter(rows, { backend: await defaultBackend('float64'), signal });
  const all = rows.samples * rows.rowsPerSample;
  return {
    samples: rows.samples,
    outputs: sizeOf(rows.logits.shape.slice(1)),
    logits: rows.logits,
    blocks: names.map((name) => (kernels.get(name)?.data as Float64Array | undefined) ?? new Float64Array(all * all)),
  };
}
