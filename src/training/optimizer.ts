import type { Tensor } from '../tensor/index.ts';

/** Numbers that an update needs and that change from step to step, by name. */
export type Scalars<T> = Readonly<Record<string, T>>;

/** What an update makes of a parameter and its state. */
export interface Updated {
  readonly parameter: Tensor;
  /** In the order of {@link Optimizer.state}. */
  readonly state: readonly Tensor[];
}

/** What an optimiser did so far, and is about to do. */
export interface StepOf {
  /** The number of this step, from 1 on. */
  readonly step: number;
  readonly learningRate: number;
}

/**
 * An optimiser as expressions: how one step changes a parameter. It holds no numbers; those belong to who runs it
 * ({@link Trainer}).
 */
export interface Optimizer {
  readonly name: string;
  /** The learning rate where a step names none. */
  readonly learningRate: number;
  /** The arrays of a parameter's shape that it keeps for each parameter, zeros at first: `momentum_buffer`, … */
  readonly state: readonly string[];
  /** What a step computes once for all parameters, in float64. */
  scalars(step: StepOf): Scalars<number>;
  /**
   * One step of one parameter.
   *
   * @param gradient of the loss, of the parameter's shape
   * @param state in the order of {@link Optimizer.state}
   * @param scalars those of {@link Optimizer.scalars}, as tensors of shape []
   */
  update(parameter: Tensor, gradient: Tensor, state: readonly Tensor[], scalars: Scalars<Tensor>): Updated;
}
