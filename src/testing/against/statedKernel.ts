import type { Module } from '../../nn/index.ts';
import { JacobianProgram, type JacobianRows, kernelMatrix } from '../../ntk/index.ts';
import { accepts } from '../../ntk/selection.ts';
import { defaultBackend, type DType, type NDArray } from '../../tensor/index.ts';
import type { CandidateKernel } from './candidates.ts';
import type { KernelSettings } from './settings.ts';
import { type Tolerances, tolerancesOf, unlessOutOfRange } from './tolerance.ts';

/** The kernel of some settings as it should be. */
export interface StatedKernel extends CandidateKernel {
  /** Of all parameters. */
  readonly rows: JacobianRows;
  readonly tolerances: Tolerances;
}

/** Kernels as they should be: only those rows are computed that settings ask for. */
export class StatedKernels {
  readonly #network: Module;
  readonly #x: NDArray;
  readonly #rows = new Map<string, JacobianRows>();

  constructor(network: Module, x: NDArray) {
    this.#network = network;
    this.#x = x;
  }

  /** @throws InputError when there is no such output, or no parameter is chosen. */
  async of(settings: KernelSettings, signal: AbortSignal | undefined): Promise<StatedKernel> {
    const exact = await this.rows(settings, 'float64', signal);
    const rounded = await unlessOutOfRange(this.rows(settings, 'float32', signal));
    const isChosen = accepts(settings.parameters);
    const chosen = (rows: JacobianRows): JacobianRows => ({
      ...rows,
      parameters: rows.parameters.filter(({ name }) => isChosen(name)),
    });
    const { shape, data } = await kernelMatrix(chosen(exact), { backend: await defaultBackend('float64'), signal });
    const matrix = Float64Array.from(data);
    return {
      matrix,
      lengths: Float64Array.from({ length: shape[0] }, (_, i) => Math.sqrt(matrix[i * (shape[0] + 1)])),
      rows: exact,
      tolerances: tolerancesOf(chosen(exact), rounded && chosen(rounded)),
    };
  }

  /** The rows of all parameters. */
  async rows(
    { mode, outputs }: Pick<KernelSettings, 'mode' | 'outputs'>,
    dtype: DType,
    signal: AbortSignal | undefined,
  ): Promise<JacobianRows> {
    const key = [mode, outputs, dtype].join(' ');
    let rows = this.#rows.get(key);
    if (rows === undefined) {
      const program = await JacobianProgram.compile(this.#network, this.#x.shape, {
        ...{ mode, outputs, parameters: 'all', dtype, signal },
      });
      try {
        rows = await program.run(this.#x, { signal });
      } finally {
        program.dispose();
      }
      this.#rows.set(key, rows);
    }
    return rows;
  }
}
