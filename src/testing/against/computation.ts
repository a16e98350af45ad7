import type { Mode } from '../../nn/index.ts';
import type { KernelOutputs } from '../../ntk/index.ts';
import { changesKey, type NetworkChanges } from './networkChanges.ts';

/** What is applied to the outputs before they are differentiated. */
export type LastFunction = 'none' | 'softmax' | 'log-softmax';

/** Which rows come after which where a sample has several: all outputs of a sample, or one output of all samples. */
export type RowOrder = 'by sample' | 'by output';

/** How a kernel is computed. Each mistake changes some of it. */
export interface KernelComputation {
  readonly mode: Mode;
  readonly changes: NetworkChanges;
  readonly last: LastFunction;
  /** As in the tangent kernel, or each sample's largest output alone. */
  readonly outputs: KernelOutputs | 'predicted';
  /** How often each parameter's columns are in J, in the order of the network's parameters. */
  readonly counts: readonly number[];
  /** The order of rows in which gradients pile up because they are not set to zero between rows. */
  readonly accumulated: RowOrder | undefined;
  /** The order of the rows of Θ for the outputs `full`. */
  readonly order: RowOrder;
}

/** What is taken of a network's rows, the parameters aside. */
export function choiceKey({ last, outputs, accumulated, order }: KernelComputation): string {
  return [last, outputs, accumulated, order].join(' ');
}

/** Which network is computed, and how it normalises. */
export function networkKey({ mode, changes }: KernelComputation): string {
  return `${mode} ${changesKey(changes)}`;
}
