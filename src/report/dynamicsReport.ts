import type { Descent, MseDynamics } from '../ntk/index.ts';
import type { NDArray } from '../tensor/index.ts';
import type { KernelCheckpoint } from '../training/index.ts';
import { checkpointTable } from './checkpoints.ts';
import { format } from './numbers.ts';
import { type Column, type TextOptions, textTable } from './textTable.ts';

/** Training as the tangent kernel predicts it, beside the real one. */
export interface DynamicsReport {
  readonly name: string;
  readonly dynamics: MseDynamics;
  readonly descent: Descent;
  readonly learningRate: number;
  readonly learningRateLimit: number;
  /** The loss before each step and after the last, [steps + 1]. */
  readonly loss: { readonly predicted: Float64Array; readonly real: Float64Array };
  /** The outputs likewise, [steps + 1, N, K]. */
  readonly outputs: { readonly predicted: NDArray; readonly real: NDArray };
  /** The kernel through the real training; none by default. */
  readonly checkpoints?: readonly KernelCheckpoint[] | undefined;
}

/** Modes that a table shows at either end of the spectrum. */
const SHOWN = 6;

/**
 * The modes in text, those learned first at the top, and what they mean for training.
 *
 * @example
 * const dynamics = mseDynamics(ndarray([2, 1, 1, 2], [2, 2]), ndarray([1, 0], [2, 1]));
 * const descent = gradientDescent({ learningRate: 0.1 });
 * const [loss, outputs] = [dynamics.loss(descent, [0, 1, 2]), dynamics.predict(descent, [0, 1, 2])];
 * const report = {
 *   ...{ name: 'two points', dynamics, descent, learningRate: 0.1, learningRateLimit: dynamics.learningRateLimit() },
 *   loss: { predicted: loss, real: loss }, // of a network that is linear
 *   outputs: { predicted: outputs, real: outputs },
 * };
 * console.log(dynamicsTable(report).split('\n').slice(0, 4).join('\n'));
 * // ┌──────┬───────┬───────────────┬───────────────┬───────────────────────┐
 * // │ mode │     λ │ share of loss │ time constant │ steps per factor of e │
 * // ├──────┼───────┼───────────────┼───────────────┼───────────────────────┤
 * // │    1 │ 3.000 │       50.00 % │        0.3333 │                 2.804 │
 */
export function dynamicsTable(report: DynamicsReport, options: TextOptions = {}): string {
  const { columns, rows } = modeCells(report);
  const { checkpoints = [] } = report;
  const through = checkpoints.length > 0 ? ['Θ through training:', checkpointTable(checkpoints, options)] : [];
  return [textTable(columns, rows, options), ...dynamicsSentences(report), ...through].join('\n');
}

/** The cells of the table of modes; of many, those at both ends. */
export function modeCells({ dynamics, descent }: DynamicsReport): { columns: Column[]; rows: string[][] } {
  const { modes } = dynamics;
  const steps = dynamics.timeConstants(descent);
  const number = { align: 'right' } as const;
  const rows = modes
    .map(({ eigenvalue, curvature, lossShare }, i) => [
      String(modes.length - i),
      format(eigenvalue),
      `${(100 * lossShare).toFixed(2)} %`,
      curvature > 0 ? format(1 / curvature) : '∞',
      format(steps[i]),
    ])
    .reverse();
  const hidden = rows.length - 2 * SHOWN;
  const gap = ['…', `${hidden} more`, '…', '…', '…'];
  return {
    columns: [
      { head: 'mode', ...number },
      { head: 'λ', ...number },
      { head: 'share of loss', ...number, spare: 1 },
      { head: 'time constant', ...number, spare: 2 },
      { head: 'steps per factor of e', ...number },
    ],
    rows: hidden > 1 ? [...rows.slice(0, SHOWN), gap, ...rows.slice(-SHOWN)] : rows,
  };
}

/** What the modes mean for training, a sentence each. */
export function dynamicsSentences({
  dynamics,
  learningRate,
  learningRateLimit,
  loss,
  outputs,
}: DynamicsReport): string[] {
  const last = loss.real.length - 1;
  const learned = dynamics.modes.filter(({ curvature }) => curvature > 0).length;
  const { kappa, plain, momentum } = dynamics.optimal();
  return [
    `${learned} of ${dynamics.modes.length} modes lie above the noise floor and are learned; their κ is ${format(kappa)}.`,
    `Learning rate ${format(learningRate)}, of at most ${format(learningRateLimit)}.`,
    `At the best rate (${format(plain.learningRate)}) the slowest mode takes ${format(plain.timeConstant)} steps for a factor of e, ` +
      `${format(momentum.timeConstant)} with momentum ${format(momentum.momentum)}.`,
    `Loss after ${last} steps: ${format(loss.predicted[last])} predicted, ${format(loss.real[last])} real, from ${format(loss.real[0])}; ` +
      `outputs differ by up to ${format(largestGap(outputs))}.`,
  ];
}

/**
 * The largest difference between predicted and real outputs after the last step.
 *
 * @example
 * const [predicted, real] = [ndarray([1, 2], [1, 2, 1]), ndarray([1, 2.5], [1, 2, 1])]; // [times, N, K]
 * console.log(largestGap({ predicted, real })); // 0.5
 */
export function largestGap({ predicted, real }: DynamicsReport['outputs']): number {
  const start = (predicted.data.length / predicted.shape[0]) * (predicted.shape[0] - 1);
  let most = 0;
  for (let i = start; i < predicted.data.length; i++) {
    const gap = Math.abs(predicted.data[i] - real.data[i]);
    if (!(gap <= most)) most = gap;
  }
  return most;
}
