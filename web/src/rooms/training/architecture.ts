import { initialize, type Module, pytorchDefault, Tanh } from 'ntkit/nn';
import { infinite, wideNetwork } from 'ntkit/ntk';
import { Generator, InputError } from 'ntkit/tensor';
import type { Activation } from './activations.ts';

/** A fully connected network with one output, in the NTK parametrisation. */
export interface Architecture {
  /** Units of each hidden layer. */
  readonly width: number;
  /** Hidden layers, ≥ 1. */
  readonly depth: number;
  readonly activation: Activation;
}

/** σw and σb of all layers but the last: signals keep about their size from layer to layer. */
const SCALES: Readonly<Record<Activation, { weightStd: number; biasStd: number }>> = {
  relu: { weightStd: Math.SQRT2, biasStd: 0.4 },
  erf: { weightStd: 1.7, biasStd: 0.6 },
  tanh: { weightStd: 1.7, biasStd: 0.6 },
};

const NO_FORMULA = 'the kernel of an infinitely wide network of tanh: expected a formula, there is none in closed form';

/** tanh as a layer of finite networks only. */
function tanhMap(): infinite.KernelMap {
  return {
    ...infinite.erf(),
    name: 'tanh',
    apply: () => {
      throw new InputError(NO_FORMULA);
    },
    network: () => new Tanh(),
  };
}

const MAPS: Readonly<Record<Activation, () => infinite.KernelMap>> = {
  relu: infinite.relu,
  erf: infinite.erf,
  tanh: tanhMap,
};

/** The network as maps of kernels. In the NTK parametrisation the same learning rate fits every width. */
export function kernelMap({ width, depth, activation }: Architecture): infinite.KernelMap {
  const hidden = Array.from({ length: depth }, () => [
    infinite.dense(width, SCALES[activation]),
    MAPS[activation](),
  ]).flat();
  return infinite.serial(...hidden, infinite.dense(1));
}

/** The squared factors of the gradients of a linear layer's weights and bias: σw²/n with n inputs, and σb². */
export interface SquaredScales {
  readonly weight: number;
  readonly bias: number;
}

/** The scales of the linear layers, from the first to the last. */
export function squaredScales({ width, depth, activation }: Architecture, inputs: number): SquaredScales[] {
  const { weightStd, biasStd } = SCALES[activation];
  const hidden = Array.from({ length: depth }, (_, layer) => ({
    weight: weightStd ** 2 / (layer === 0 ? inputs : width),
    bias: biasStd ** 2,
  }));
  return [...hidden, { weight: 1 / width, bias: 0 }];
}

/**
 * The network at its width, drawn from a seed.
 *
 * @param inputs features of a sample
 */
export function drawNetwork(architecture: Architecture, inputs: number, seed: number): Module {
  const network = wideNetwork(kernelMap(architecture), [inputs]);
  initialize(network, pytorchDefault, new Generator(seed));
  return network;
}
