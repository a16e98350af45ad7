import { ShapeError } from '../../errors.ts';
import { apply } from '../apply.ts';
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

/** Both dimensions from a single number or a pair, checked to be integers of at least `least`. */
export function pair(name: string, value: number | Pair, least: number): Pair {
  const [a, b] = typeof value === 'number' ? [value, value] : value;
  if (!Number.isInteger(a) || !Number.isInteger(b) || a < least || b < least) {
    throw new ShapeError(`${name}: expected integers ≥ ${least}, got ${a}, ${b}`);
  }
  return [a, b];
}

/** All four sides of a padding, checked to be integers ≥ 0. */
export function sides(name: string, value: PaddingOption): Sides {
  const [vertical, horizontal] = typeof value === 'number' ? [value, value] : value;
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
 */
export function convolution(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  const attributes: ConvolutionAttributes = {
    stride: pair('convolution: stride', options.stride ?? 1, 1),
    padding: sides('convolution: padding', options.padding ?? 0),
    dilation: pair('convolution: dilation', options.dilation ?? 1, 1),
    groups: options.groups ?? 1,
  };
  return apply('convolution', [x, weight], attributes);
}
