import { type Generator, type NDArray, type Shape, sizeOf } from '../tensor/index.ts';
import { BatchNorm2d, Conv2d, Linear } from './layers.ts';
import type { Module, Variable } from './module.ts';

/** Gives a variable of some shape its first value. */
export type Initializer = (shape: Shape, generator: Generator) => NDArray;

/** Which side of a layer the variance is kept on: forwards (inputs) or backwards (outputs). */
export type FanMode = 'fan-in' | 'fan-out';

/** The number of inputs of an output, or of outputs of an input, of a weight [out, in, …kernel]; PyTorch's count. */
export function fan(shape: Shape, mode: FanMode): number {
  const [out, into, ...kernel] = shape;
  return (mode === 'fan-in' ? into : out) * sizeOf(kernel);
}

/** Kaiming normal for ReLU (He et al. 2015): N(0, 2/fan). */
export function kaimingNormal(mode: FanMode): Initializer {
  return (shape, generator) => generator.normals(shape, { std: Math.sqrt(2 / fan(shape, mode)) });
}

/** Kaiming uniform for ReLU: U(−b, b) with b = √(6/fan), of the same variance. */
export function kaimingUniform(mode: FanMode): Initializer {
  return uniformWithin((shape) => Math.sqrt(6 / fan(shape, mode)));
}

/** A constant. */
export function constantly(value: number): Initializer {
  return (shape) => ({ shape, dtype: 'float32', data: new Float32Array(sizeOf(shape)).fill(value) });
}

function uniformWithin(bound: (shape: Shape) => number): Initializer {
  return (shape, generator) => generator.uniforms(shape, { low: -bound(shape), high: bound(shape) });
}

/** How each kind of layer starts. The bias is given its layer's weight shape, on which PyTorch's default depends. */
export interface Scheme {
  readonly convolution: { readonly weight: Initializer; readonly bias: (weight: Shape) => Initializer };
  readonly linear: { readonly weight: Initializer; readonly bias: (weight: Shape) => Initializer };
  readonly batchNorm: { readonly gamma: Initializer; readonly beta: Initializer };
}

const unitBatchNorm = { gamma: constantly(1), beta: constantly(0) };

/** The same weight initializer for convolutions and linear layers, biases and β 0, γ 1. */
export function withZeroBias(weight: Initializer): Scheme {
  const layer = { weight, bias: () => constantly(0) };
  return { convolution: layer, linear: layer, batchNorm: unitBatchNorm };
}

/** PyTorch's default: weights and biases of convolutions and linear layers from U(±1/√fan-in), γ 1, β 0. */
export const pytorchDefault: Scheme = (() => {
  const bound = (shape: Shape) => 1 / Math.sqrt(fan(shape, 'fan-in'));
  const layer = {
    weight: uniformWithin(bound),
    bias: (weight: Shape) => uniformWithin(() => bound(weight)),
  };
  return { convolution: layer, linear: layer, batchNorm: unitBatchNorm };
})();

/**
 * The two readings of TE-NAS (Chen et al. 2021). Its `paper` draws κ's weights by Kaiming normal, fan-out. Its `code`
 * asks for an initialisation whose name it does not know, so that PyTorch's default stays.
 */
export const TE_NAS_SCHEMES: Readonly<Record<'paper' | 'code', Scheme>> = {
  paper: withZeroBias(kaimingNormal('fan-out')),
  code: pytorchDefault,
};

/**
 * Draws every parameter of a network, each from a stream of its own named after it: adding or removing a layer does
 * not change what the others draw. Running statistics go back to mean 0 and variance 1; other variables stay.
 */
export function initialize(network: Module, scheme: Scheme, generator: Generator): void {
  for (const [name, module] of network.namedModules()) {
    const set = (variable: Variable | undefined, kind: string, initializer: Initializer) => {
      if (variable) variable.value = initializer(variable.shape, generator.fork(`${name}.${kind}`));
    };
    if (module instanceof Conv2d || module instanceof Linear) {
      const layer = module instanceof Conv2d ? scheme.convolution : scheme.linear;
      set(module.weight, 'weight', layer.weight);
      set(module.bias, 'bias', layer.bias(module.weight.shape));
    } else if (module instanceof BatchNorm2d) {
      set(module.weight, 'weight', scheme.batchNorm.gamma);
      set(module.bias, 'bias', scheme.batchNorm.beta);
      set(module.runningMean, 'running_mean', constantly(0));
      set(module.runningVariance, 'running_var', constantly(1));
    }
  }
}
