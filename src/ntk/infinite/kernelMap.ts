import type { Module } from '../../nn/index.ts';
import { InputError } from '../../errors.ts';
import { formatValue } from '../../check.ts';
import type { Covariances, Variances } from './covariances.ts';

/**
 * What passes between the layers of an infinitely wide network: the shape of a sample's features, and what is known of
 * their distribution.
 */
export interface Signal {
  /** Features of a vector or of a pixel, as many as a network of finite width has. */
  readonly channels: number;
  /** Height and width; absent for vectors. */
  readonly pixels?: readonly [height: number, width: number] | undefined;
  /** Whether the channels are independent draws from one Gaussian of mean 0, as a wide linear layer makes them. */
  readonly gaussian: boolean;
  /**
   * Whether the mean of its product with anything else is 0, because weights of its own, drawn about 0, come last but for
   * linear maps.
   */
  readonly centred: boolean;
  /** What made it, for messages. */
  readonly source: string;
}

/**
 * Which covariances are computed: those of a pixel with the same pixel of another sample, or those of all pairs of pixels,
 * which pooling needs. Of vectors there is one in either case.
 */
export type Spatial = 'same' | 'all';

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

/** [3, 8, 8], or [16] */
export function formatSignal({ channels, pixels }: Signal): string {
  return `[${[channels, ...(pixels ?? [])].join(', ')}]`;
}

/** The number of pixels; 1 of a vector. */
export function pixelCount({ pixels }: Signal): number {
  return pixels ? pixels[0] * pixels[1] : 1;
}
