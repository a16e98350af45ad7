import * as s from '../../scalar/index.ts';
import type { Tensor } from '../node.ts';
import { applyOf, binary, unary } from './row.ts';

// The activation functions of PyTorch's `torch.nn.functional`, with its values, arguments and defaults.

/** Attributes of `softplus`. */
export interface SoftplusAttributes {
  readonly beta: number;
  readonly threshold: number;
}

/** The bounds of `clip` and `hardtanh`. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

const zero = { kinks: () => [0] };
const threes = { from: -4, to: 4, kinks: () => [-3, 3] };
const bounds = { kinks: ({ low, high }: Bounds) => [low, high], examples: [{ low: -1, high: 1 }] };

/** tanh form of GELU: tanh's argument, √(2/π)·(x + 0.044715·x³). */
const tanhArgument = (x: s.Scalar) => s.mul(Math.sqrt(2 / Math.PI), s.add(x, s.mul(0.044715, s.mul(s.mul(x, x), x))));

export const activationRows = {
  // Written with ≤ so that NaN, which compares as false, passes.
  relu: unary((x) => s.select(s.lessEqual(x, 0), 0, x), zero),
  reluGradient: binary((g, x) => s.select(s.lessEqual(x, 0), 0, g), zero),
  leakyRelu: unary<{ readonly slope: number }>((x, { slope }) => s.select(s.less(0, x), x, s.mul(slope, x)), {
    ...zero,
    examples: [{ slope: 0.01 }, { slope: -0.5 }],
  }),
  elu: unary<{ readonly alpha: number }>((x, { alpha }) => s.select(s.less(0, x), x, s.mul(alpha, s.expm1(x))), {
    ...zero,
    examples: [{ alpha: 1 }, { alpha: 0.3 }],
  }),
  softplus: unary<SoftplusAttributes>(
    (x, { beta, threshold }) => {
      const scaled = s.scaled(beta, x);
      return s.select(s.less(threshold, scaled), x, s.div(s.log1p(s.exp(scaled)), beta));
    },
    {
      examples: [
        { beta: 1, threshold: 20 },
        { beta: 2, threshold: 1 },
      ],
      kinks: ({ beta, threshold }) => [threshold / beta],
    },
  ),
  softsign: unary((x) => s.div(x, s.add(1, s.abs(x)))),
  // By erfc and logistic, whose values far below 0 keep their relative accuracy.
  gelu: unary((x) => s.mul(s.mul(0.5, x), s.erfc(s.mul(x, -Math.SQRT1_2)))),
  sigmoid: unary(s.logistic),
  geluTanh: unary((x) => s.mul(x, s.logistic(s.mul(2, tanhArgument(x))))),
  silu: unary((x) => s.div(x, s.add(1, s.exp(s.neg(x))))),
  // tanh(log(1 + n)) = n(n + 2)/(n(n + 2) + 2) with n = eˣ; from x = 20 on it is 1.
  mish: unary((x) => {
    const n = s.exp(s.min(x, 20));
    const m = s.mul(n, s.add(n, 2));
    return s.mul(x, s.div(m, s.add(m, 2)));
  }),
  clip: unary<Bounds>((x, { low, high }) => s.min(s.max(x, low), high), bounds),
  hardtanh: unary<Bounds>((x, { low, high }) => s.min(s.max(x, low), high), bounds),
  // Divided first: x·6 would overflow.
  hardswish: unary((x) => s.mul(x, s.div(s.min(s.max(s.add(x, 3), 0), 6), 6)), threes),
  hardsigmoid: unary((x) => s.div(s.min(s.max(s.add(x, 3), 0), 6), 6), threes),
};

const apply = applyOf(activationRows);

/**
 * max(x, 0). Its derivative at 0 is taken as 0, as PyTorch does; NaN stays NaN.
 *
 * @example
 * const [y] = await evaluate([relu(constant(ndarray([-1, 0, 2], [3])))]);
 * console.log([...y.data]); // [ 0, 0, 2 ]
 */
export function relu(x: Tensor): Tensor {
  return apply('relu', [x], {});
}

/**
 * g where x > 0, and 0 elsewhere; shapes broadcast. Where x is NaN, g.
 *
 * @example
 * const [g, x] = [constant(ndarray([10, 20, 30], [3])), constant(ndarray([-1, 0, 2], [3]))];
 * const [y] = await evaluate([reluGradient(g, x)]);
 * console.log([...y.data]); // [ 0, 0, 30 ]
 */
export function reluGradient(g: Tensor, x: Tensor): Tensor {
  return apply('reluGradient', [g, x], {});
}

/**
 * x where x > 0, and slope · x elsewhere.
 *
 * @example
 * const [y] = await evaluate([leakyRelu(constant(ndarray([-2, 0, 2], [3])), 0.5)]);
 * console.log([...y.data]); // [ -1, 0, 2 ]
 */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return apply('leakyRelu', [x], { slope });
}

/**
 * x where x > 0, and alpha · (eˣ − 1) elsewhere.
 *
 * @example
 * const [y] = await evaluate([elu(constant(ndarray([-100, 0, 2], [3])))]);
 * console.log([...y.data]); // [ -1, 0, 2 ]
 */
export function elu(x: Tensor, alpha = 1): Tensor {
  return apply('elu', [x], { alpha });
}

/**
 * log(1 + e^(beta·x)) / beta; x itself where beta·x is above the threshold.
 *
 * @example
 * const [y] = await evaluate([softplus(constant(ndarray([0, 30], [2])))]); // log 2, and 30 itself
 * console.log(Array.from(y.data, (value) => value.toFixed(4))); // [ '0.6931', '30.0000' ]
 */
export function softplus(x: Tensor, { beta = 1, threshold = 20 }: Partial<SoftplusAttributes> = {}): Tensor {
  return apply('softplus', [x], { beta, threshold });
}

/**
 * x / (1 + |x|).
 *
 * @example
 * const [y] = await evaluate([softsign(constant(ndarray([-1, 0, 3], [3])))]);
 * console.log([...y.data]); // [ -0.5, 0, 0.75 ]
 */
export function softsign(x: Tensor): Tensor {
  return apply('softsign', [x], {});
}

/**
 * x · Φ(x), with the standard normal distribution function Φ (Hendrycks & Gimpel 2016).
 *
 * @example
 * const [y] = await evaluate([gelu(constant(ndarray([-1, 0, 1], [3])))]); // Φ(1) = 0.8413
 * console.log(Array.from(y.data, (value) => value.toFixed(4))); // [ '-0.1587', '0.0000', '0.8413' ]
 */
export function gelu(x: Tensor): Tensor {
  return apply('gelu', [x], {});
}

/**
 * The approximation x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))) of {@link gelu}. (PyTorch's `approximate='tanh'`.)
 *
 * @example
 * const x = constant(ndarray([1], [1]));
 * const [exact, approximate] = await evaluate([gelu(x), geluTanh(x)]);
 * console.log(exact.data[0].toFixed(4), approximate.data[0].toFixed(4)); // 0.8413 0.8412
 */
export function geluTanh(x: Tensor): Tensor {
  return apply('geluTanh', [x], {});
}

/**
 * 1 / (1 + e⁻ˣ).
 *
 * @example
 * const [y] = await evaluate([sigmoid(constant(ndarray([-1000, 0, 1000], [3])))]);
 * console.log([...y.data]); // [ 0, 0.5, 1 ]
 */
export function sigmoid(x: Tensor): Tensor {
  return apply('sigmoid', [x], {});
}

/**
 * x / (1 + e⁻ˣ), also called swish.
 *
 * @example
 * const [y] = await evaluate([silu(constant(ndarray([0, 1, 100], [3])))]);
 * console.log(Array.from(y.data, (value) => value.toFixed(4))); // [ '0.0000', '0.7311', '100.0000' ]
 */
export function silu(x: Tensor): Tensor {
  return apply('silu', [x], {});
}

/**
 * x · tanh(log(1 + eˣ)) (Misra 2019).
 *
 * @example
 * const [y] = await evaluate([mish(constant(ndarray([0, 1, 100], [3])))]);
 * console.log(Array.from(y.data, (value) => value.toFixed(4))); // [ '0.0000', '0.8651', '100.0000' ]
 */
export function mish(x: Tensor): Tensor {
  return apply('mish', [x], {});
}

/**
 * min(max(x, low), high). Its derivative on the bounds is 1. (PyTorch's `clamp`.)
 *
 * @example
 * const [y] = await evaluate([clip(constant(ndarray([-5, 0.5, 5], [3])), 0, 1)]);
 * console.log([...y.data]); // [ 0, 0.5, 1 ]
 */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return apply('clip', [x], { low, high });
}

/**
 * min(max(x, low), high). Its derivative on the bounds is 0.
 *
 * @example
 * const x = constant(ndarray([-1, 0, 1, 2], [4]));
 * const [y, slope] = await evaluate([hardtanh(x), ...grad(sum(hardtanh(x)), [x])]);
 * console.log([...y.data], [...slope.data]); // [ -1, 0, 1, 1 ] [ 0, 1, 0, 0 ]
 */
export function hardtanh(x: Tensor, low = -1, high = 1): Tensor {
  return apply('hardtanh', [x], { low, high });
}

/**
 * min(max(x, 0), 6).
 *
 * @example
 * const [y] = await evaluate([relu6(constant(ndarray([-1, 3, 8], [3])))]);
 * console.log([...y.data]); // [ 0, 3, 6 ]
 */
export function relu6(x: Tensor): Tensor {
  return hardtanh(x, 0, 6);
}

/**
 * x · min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
 *
 * @example
 * const [y] = await evaluate([hardswish(constant(ndarray([-3, 0, 1, 3], [4])))]);
 * console.log(Array.from(y.data, (value) => value.toFixed(4))); // [ '0.0000', '0.0000', '0.6667', '3.0000' ]
 */
export function hardswish(x: Tensor): Tensor {
  return apply('hardswish', [x], {});
}

/**
 * min(max(x + 3, 0), 6) / 6.
 *
 * @example
 * const [y] = await evaluate([hardsigmoid(constant(ndarray([-4, 0, 4], [3])))]);
 * console.log([...y.data]); // [ 0, 0.5, 1 ]
 */
export function hardsigmoid(x: Tensor): Tensor {
  return apply('hardsigmoid', [x], {});
}
