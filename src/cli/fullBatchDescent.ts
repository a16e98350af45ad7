import { type Mode, type Module, mseLoss } from '../nn/index.ts';
import { type Backend, type DType, InputError, type NDArray, NumericalError, reshape } from '../tensor/index.ts';
import { type KernelCheckpoint, KernelTrace, sgd, Trainer } from '../training/index.ts';

/** How a network is trained on one batch. */
export interface DescentSettings {
  readonly mode: Mode;
  readonly backend: Backend;
  readonly dtype: DType;
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly steps: number;
  readonly signal: AbortSignal;
  readonly onStep: (step: number) => void;
  /** Steps before which the kernel is computed anew, in ascending order. */
  readonly checkpoints: readonly number[];
  /** Told of when there is no kernel any more, and why. */
  readonly onDiverged: (reason: string) => void;
}

/** What was seen before each step, and after the last. */
export interface RealCurves {
  /** [steps + 1] */
  readonly loss: Float64Array;
  /** [N, K] each */
  readonly outputs: readonly NDArray[];
  /** Fewer than were asked for where training has diverged. */
  readonly checkpoints: readonly KernelCheckpoint[];
}

/**
 * Trains all parameters of a network on the mean squared error of one batch, by steps of gradient descent as PyTorch's
 * `SGD` takes them. The network's own parameters are those of the last checkpoint then, if there is one.
 *
 * @param targets [N, K]
 * @throws InputError when no parameter takes part in the outputs.
 */
export async function fullBatchDescent(
  network: Module,
  x: NDArray,
  targets: NDArray,
  settings: DescentSettings,
): Promise<RealCurves> {
  const { mode, backend, dtype, learningRate, momentum, nesterov, steps, signal, onStep, onDiverged } = settings;
  if ([...network.namedParameters()].length === 0) {
    throw new InputError('dynamics: expected a network with parameters, got none');
  }
  const trainer = await Trainer.create(network, {
    loss: (y, target) => mseLoss(reshape(y, target.shape), target),
    optimizer: sgd({ learningRate, momentum, nesterov }),
    ...{ mode, backend, dtype },
  });
  const trace = settings.checkpoints.length > 0 ? await KernelTrace.create(trainer, x, targets) : undefined;
  const due = new Set(settings.checkpoints);
  try {
    const curves = { loss: new Float64Array(steps + 1), outputs: [] as NDArray[] };
    for (let step = 0; step <= steps; step++) {
      if (due.has(step)) {
        await trace?.record({ signal }).catch((error: unknown) => {
          if (!(error instanceof NumericalError)) throw error;
          due.clear();
          onDiverged(error.message);
        });
      }
      const { loss, output } = await trainer.step(x, targets, { signal });
      curves.loss[step] = loss;
      curves.outputs.push({ ...output, shape: targets.shape });
      onStep(step);
    }
    return { ...curves, checkpoints: trace?.checkpoints ?? [] };
  } finally {
    trace?.dispose();
    trainer.dispose();
  }
}
