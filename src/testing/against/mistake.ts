import type { KernelComputation } from './computation.ts';

/** A usual way to compute a kernel other than the intended one. */
export interface Mistake {
  /** One word or two for the kind, the same in all its forms: `epsilon`, `left out`. */
  readonly kind: string;
  /** What is computed otherwise, in this form of it: `ε of batch norm is 0.001`. */
  readonly name: string;
  /** How it comes about, and how it is mended. */
  readonly explanation: string;
}

/** A mistake that is tried by computing the kernel with it. */
export interface ComputedMistake extends Mistake {
  /** Whether another network is computed, and not only another kernel of the same rows. */
  readonly isOfNetwork: boolean;
  /** The computation with the mistake; undefined where it makes none. */
  readonly apply: (computation: KernelComputation) => KernelComputation | undefined;
}

/** A computation with some mistakes in it. */
export interface MistakenComputation {
  readonly mistakes: readonly ComputedMistake[];
  readonly computation: KernelComputation;
}
