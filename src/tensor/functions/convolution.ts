import { checkOptions, formatValue } from '../../check.ts';
import { ShapeError } from '../../errors.ts';
import { apply } from '../apply.ts';
import { formatShape } from '../shape.ts';
import { pad, reshape } from './movement.ts';
import type { Tensor } from '../tensor.ts';
import type { ConvolutionAttributes, Pair, Sides } from '../primitives/convolution.ts';

/** A padding: the same on all sides, [vertical, horizontal] (PyTorch), or [[top, bottom], [left, right]] (JAX). */
export type PaddingOption = number | Pair | Sides;

/** Options of a convolution; a single number stands for both dimensions. */
export interface ConvolutionOptions {
  readonly stride?: number | Pair;
  readonly padding?: PaddingOption;
  readonly dilation?: number | Pair;
  readonly groups?: number;
}

function twoOf<T>(name: string, value: readonly T[]): readonly T[] {
  if (value instanceof Array && value.length === 2) return value;
  throw new ShapeError(`${name}: expected a number or a pair, got ${formatValue(value)}`);
}

/**
 * Both dimensions from a single number or a pair, checked to be integers of at least `least`.
 *
 * @example
 * console.log(pair('pool: kernel', 3, 1), pair('pool: kernel', [2, 4], 1)); // [ 3, 3 ] [ 2, 4 ]
 */
export function pair(name: string, value: number | Pair, least: number): Pair {
  const [a, b] = typeof value === 'number' ? [value, value] : twoOf(name, value);
  if (!Number.isInteger(a) || !Number.isInteger(b) || a < least || b < least) {
    throw new ShapeError(`${name}: expected integers ≥ ${least}, got ${formatValue(a)}, ${formatValue(b)}`);
  }
  return [a, b];
}

/**
 * All four sides of a padding, checked to be integers ≥ 0.
 *
 * @example
 * console.log(JSON.stringify(sides('pool: padding', [[1, 1], [0, 2]]))); // [[1,1],[0,2]]
 */
export function sides(name: string, value: PaddingOption): Sides {
  const [vertical, horizontal] = typeof value === 'number' ? [value, value] : twoOf<number | Pair>(name, value);
  const both = (side: number | Pair) => pair(name, side, 0);
  return [both(vertical), both(horizontal)];
}

/**
 * Two-dimensional cross-correlation, the "convolution" of deep learning:
 *
 *     y[n,k,p,q] = Σ_{c,r,s} w[k,c,r,s] · x[n, c, p·stride + r·dilation − top, q·stride + s·dilation − left]
 *
 * with x zero outside its borders, and c running over the channels of k's group.
 *
 * @param x […, N, C, H, W]
 * @param weight […, K, C/groups, R, S]
 * @returns […, N, K, P, Q]
 * @throws ShapeError when channels, groups or sizes do not fit.
 *
 * @example
 * const x = constant(ndarray([1, 4, 9, 16], [1, 1, 1, 4])); // [N, C, H, W]
 * const difference = constant(ndarray([-1, 1], [1, 1, 1, 2])); // [K, C, R, S]
 * const [y] = await evaluate([convolution(x, difference)]);
 * console.log(y.shape, [...y.data]); // [ 1, 1, 1, 3 ] [ 3, 5, 7 ]
 */
export function convolution(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  checkOptions('convolution', options, ['stride', 'padding', 'dilation', 'groups']);
  const attributes: ConvolutionAttributes = {
    stride: pair('convolution: stride', options.stride ?? 1, 1),
    padding: sides('convolution: padding', options.padding ?? 0),
    dilation: pair('convolution: dilation', options.dilation ?? 1, 1),
    groups: options.groups ?? 1,
  };
  return apply('convolution', [x, weight], attributes);
}

/** Options of {@link convolutionTranspose}. */
export interface ConvolutionTransposeOptions extends ConvolutionOptions {
  /** Rows and columns that the result has more than the smallest one with an output of x's size; 0 by default. */
  readonly outputPadding?: number | Pair;
}

/**
 * The transposed convolution: what {@link convolution} with the same weight does to the gradient of its output (PyTorch's
 * `conv_transpose2d`). A pixel of x adds w[k], scaled, to the result from row p·stride − top on.
 *
 * @param x […, N, K, P, Q]
 * @param weight […, K, C/groups, R, S]
 * @returns […, N, C, H, W] with H = (P − 1)·stride − top − bottom + dilation·(R − 1) + outputPadding + 1
 * @throws ShapeError when channels or groups do not fit, or the result has no pixel.
 *
 * @example
 * const x = constant(ndarray([1, 2], [1, 1, 1, 2]));
 * const weight = constant(ndarray([1, 10], [1, 1, 1, 2]));
 * const [y] = await evaluate([convolutionTranspose(x, weight, { stride: 2 })]); // each pixel writes two
 * console.log([...y.data]); // [ 1, 10, 2, 20 ]
 */
export function convolutionTranspose(x: Tensor, weight: Tensor, options: ConvolutionTransposeOptions = {}): Tensor {
  const name = 'convolutionTranspose';
  const stride = pair(`${name}: stride`, options.stride ?? 1, 1);
  const dilation = pair(`${name}: dilation`, options.dilation ?? 1, 1);
  const declared = sides(`${name}: padding`, options.padding ?? 0);
  const outputPadding = pair(`${name}: outputPadding`, options.outputPadding ?? 0, 0);
  if (x.rank < 4 || weight.rank < 4) {
    throw new ShapeError(
      `${name}: expected […, N, K, P, Q] and […, K, C, R, S], got ${formatShape(x.shape)} and ${formatShape(weight.shape)}`,
    );
  }
  const axes = ([0, 1] as const).map((i) => {
    const [low, high] = declared[i];
    // Additional rows are less padding after, and what is left of them lies after all that x reaches.
    const after = Math.max(0, high - outputPadding[i]);
    const more = outputPadding[i] - (high - after);
    const reach = (x.shape[x.rank - 2 + i] - 1) * stride[i] + dilation[i] * (weight.shape[weight.rank - 2 + i] - 1) + 1;
    const size = reach - low - after;
    if (size + more < 1) {
      throw new ShapeError(`${name}: a padding of ${low} and ${high} leaves nothing of ${reach} in dimension ${i - 2}`);
    }
    return { padding: [low, after] as const, size, more };
  });
  const y = apply('convolutionInputGradient', [x, weight], {
    ...{ stride, dilation, groups: options.groups ?? 1 },
    padding: [axes[0].padding, axes[1].padding],
    inputSize: [axes[0].size, axes[1].size],
  });
  return axes.every(({ more }) => more === 0)
    ? y
    : pad(
        y,
        axes.map(({ more }) => ({ after: more })),
      );
}

/** Options of {@link convolution1d}. */
export interface Convolution1dOptions {
  readonly stride?: number;
  /** Zeros on both sides, or [left, right]. */
  readonly padding?: number | Pair;
  readonly dilation?: number;
  readonly groups?: number;
}

/**
 * One-dimensional cross-correlation: {@link convolution} of images of one row.
 *
 * @param x […, N, C, L]
 * @param weight […, K, C/groups, S]
 * @returns […, N, K, M]
 * @throws ShapeError when channels, groups or sizes do not fit.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3], [1, 1, 3])); // [N, C, L]
 * const weight = constant(ndarray([1, 1, 1], [1, 1, 3])); // [K, C, S]
 * const [y] = await evaluate([convolution1d(x, weight, { padding: 1 })]);
 * console.log([...y.data]); // [ 3, 6, 5 ]
 */
export function convolution1d(x: Tensor, weight: Tensor, options: Convolution1dOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const asRow = ({ shape }: Tensor) => [...shape.slice(0, -1), 1, ...shape.slice(-1)];
  if (x.rank < 3 || weight.rank < 3) {
    throw new ShapeError(
      `convolution1d: expected […, N, C, L] and […, K, C, S], got ${formatShape(x.shape)} and ${formatShape(weight.shape)}`,
    );
  }
  const horizontal = pair('convolution1d: padding', padding, 0);
  const y = convolution(reshape(x, asRow(x)), reshape(weight, asRow(weight)), {
    ...{ stride: [1, stride], padding: [[0, 0], horizontal], dilation: [1, dilation], groups },
  });
  return reshape(y, [...y.shape.slice(0, -2), y.shape[y.rank - 1]]);
}
