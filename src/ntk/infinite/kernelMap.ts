import type { Module } from '../../nn/index.ts';
import { InputError } from '../../errors.ts';
import { formatValue } from '../../check.ts';
import type { Covariances, Variances } from './covariances.ts';
import type { Signal, Spatial } from './signal.ts';

/**
 * A layer of an infinitely wide network, or several: what it does to covariances of features and to the tangent kernel.
 * Made by {@link serial}, {@link dense}, {@link relu}, …
 */
export interface KernelMap {
  readonly name: string;
  /**
   * What becomes of a signal.
   *
   * @param visit is called with every signal on the way, the last one included.
   * @throws ShapeError when it does not fit, InputError where there is no formula.
   */
  readonly infer: (signal: Signal, visit: (signal: Signal) => void) => Signal;
  /** Which covariances it needs, for those that are wanted of it. */
  readonly needs: (wanted: Spatial) => Spatial;
  /**
   * @param input has what it needs, or more
   * @returns what is wanted, and no more
   */
  readonly apply: (input: Covariances, wanted: Spatial, variances: Variances) => Covariances;
  /** The layer at finite width, for a signal. */
  readonly network: (signal: Signal) => Module;
}

/** Makes sure of a map that comes from code without types. */
export function checkMap(where: string, value: unknown): asserts value is KernelMap {
  const { infer, apply } = Object(value) as Partial<Record<keyof KernelMap, unknown>>;
  if (typeof infer === 'function' && typeof apply === 'function') return;
  throw new InputError(`${where}: expected a map as dense(…) or serial(…) returns, got ${formatValue(value)}`);
}
