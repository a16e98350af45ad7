import { oneOf } from '../check.ts';
import { type Generator, type NDArray, type Shape, sizeOf } from '../tensor/index.ts';

/**
 * Draws the first value of a parameter of a given shape. The initializers here draw float32, as PyTorch does, so that a network
 * has the same weights whatever precision it is computed in.
 */
export type Initializer = (shape: Shape, generator: Generator) => NDArray;

/** The precision of weights that are drawn. */
const dtype = 'float32';

/** Which side of a layer the variance is kept on: forwards (inputs) or backwards (outputs). */
export type FanMode = 'fan-in' | 'fan-out';

/**
 * The number of inputs of an output, or of outputs of an input, of a weight [out, in, …kernel]; PyTorch's count.
 *
 * @example
 * console.log(fan([8, 3, 5, 5], 'fan-in'), fan([8, 3, 5, 5], 'fan-out')); // 75 200
 */
export function fan(shape: Shape, mode: FanMode): number {
  oneOf('fan: mode', mode, ['fan-in', 'fan-out']);
  const [out, into, ...kernel] = shape;
  return (mode === 'fan-in' ? into : out) * sizeOf(kernel);
}

/**
 * Kaiming normal for ReLU (He et al. 2015): N(0, 2/fan).
 *
 * @example
 * initialize(network, withZeroBias(kaimingNormal('fan-out')), generator);
 * console.log([...stateDict(network).get('2.bias')!.data]); // [ 0, 0, 0 ]
 */
export function kaimingNormal(mode: FanMode): Initializer {
  return (shape, generator) => generator.normals(shape, { std: Math.sqrt(2 / fan(shape, mode)), dtype });
}

/**
 * Kaiming uniform for ReLU: U(−b, b) with b = √(6/fan), of the same variance.
 *
 * @example
 * const weight = kaimingUniform('fan-in')([2, 6], generator);
 * console.log(weight.data.every((x) => Math.abs(x) <= 1)); // true
 */
export function kaimingUniform(mode: FanMode): Initializer {
  return uniformWithin((shape) => Math.sqrt(6 / fan(shape, mode)));
}

/**
 * Xavier uniform (Glorot & Bengio 2010): U(−b, b) with b = √(6/(fan-in + fan-out)).
 *
 * @example
 * const weight = new Parameter([4, 2], xavierUniform());
 * console.log(weight.shape); // [ 4, 2 ]
 */
export function xavierUniform(): Initializer {
  return uniformWithin((shape) => Math.sqrt(6 / (fan(shape, 'fan-in') + fan(shape, 'fan-out'))));
}

/**
 * N(0, std²).
 *
 * @example
 * const { data } = normalWith(0.02)([64, 64], generator);
 * console.log((Math.hypot(...data) / 64).toFixed(3)); // 0.020
 */
export function normalWith(std: number): Initializer {
  return (shape, generator) => generator.normals(shape, { std, dtype });
}

/**
 * U(−bound, bound).
 *
 * @example
 * const uniform = uniformWithin((shape) => Math.sqrt(3 / fan(shape, 'fan-in')));
 * console.log(uniform([4, 12], generator).data.every((x) => Math.abs(x) <= 0.5)); // true
 */
export function uniformWithin(bound: number | ((shape: Shape) => number)): Initializer {
  return (shape, generator) => {
    const b = typeof bound === 'number' ? bound : bound(shape);
    return generator.uniforms(shape, { low: -b, high: b, dtype });
  };
}

/**
 * The same number everywhere.
 *
 * @example
 * console.log([...constantly(0.5)([3], generator).data]); // [ 0.5, 0.5, 0.5 ]
 */
export function constantly(value: number): Initializer {
  return (shape) => ({ shape, dtype, data: new Float32Array(sizeOf(shape)).fill(value) });
}
