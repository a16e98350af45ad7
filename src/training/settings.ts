import type { Mode } from '../nn/index.ts';
import type { Backend, DType, Tensor } from '../tensor/index.ts';
import type { Optimizer } from './optimizer.ts';

/** A loss: a scalar expression of the network's output and the targets. */
export type Loss = (output: Tensor, target: Tensor) => Tensor;

/** How a network is trained. */
export interface TrainerOptions {
  /** `crossEntropy`, `mseLoss` or an expression of one's own. */
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** `train` by default: batch norm normalises by the batch, and its running statistics follow. */
  readonly mode?: Mode | undefined;
  /** Which parameters are trained, by name; all by default. */
  readonly parameters?: ((name: string) => boolean) | undefined;
  /** `defaultBackend` by default. */
  readonly backend?: Backend | undefined;
  /** The backend's own precision by default. */
  readonly dtype?: DType | undefined;
}

/** The options of a trainer, with defaults filled in. */
export type TrainerSettings = { readonly [Name in keyof TrainerOptions]-?: NonNullable<TrainerOptions[Name]> };
