import type { Mode, Module } from '../../nn/index.ts';
import { computeNtk, type KernelOutputs, type ParameterChoice } from '../../ntk/index.ts';
import type { Backend, DType, NDArray } from '../../tensor/index.ts';

/** Code that computes tangent kernels, as the laws of kernels ask it. */
export interface KernelImplementation {
  /**
   * Θ(x, x), [N, N], of a network with its present parameters: `stateDict(network)` has them by PyTorch's names, and
   * `descriptionOf(network)` says how the network is built.
   *
   * @param x [N, …], samples first
   */
  readonly kernel: (network: Module, x: NDArray, mode: Mode) => NDArray | Promise<NDArray>;
  /** The precision that rows of J are computed in: what may be expected of Θ. */
  readonly dtype: DType;
  /** Which outputs the kernel is of: their sum by default, as in TE-NAS. Not `full`. */
  readonly outputs?: Exclude<KernelOutputs, 'full'> | undefined;
  /** Which parameters the kernel is of: those whose name holds `weight` by default, as in TE-NAS. */
  readonly parameters?: ParameterChoice | undefined;
}

/** What laws of kernels are of: an implementation, or a backend, which stands for ntkit's own kernels on it. */
export type KernelSubject = KernelImplementation | Backend;

/** An implementation with its defaults filled in. */
export interface CompleteImplementation extends KernelImplementation {
  readonly outputs: Exclude<KernelOutputs, 'full'>;
  readonly parameters: ParameterChoice;
}

/** Fills an implementation's defaults in. */
export function implementationOf(subject: KernelSubject): CompleteImplementation {
  if ('kernel' in subject) {
    const { kernel, dtype, outputs = 'sum', parameters = 'weight' } = subject;
    return { kernel, dtype, outputs, parameters };
  }
  const [dtype] = subject.dtypes;
  return {
    kernel: async (network, x, mode) => (await computeNtk(network, x, { mode, backend: subject, dtype })).kernel,
    ...{ dtype, outputs: 'sum', parameters: 'weight' },
  };
}
