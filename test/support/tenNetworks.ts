import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  ELU,
  Flatten,
  Functional,
  GELU,
  LayerNorm,
  LeakyReLU,
  Linear,
  MaxPool2d,
  type Module,
  ReLU,
  Sequential,
  SiLU,
  Tanh,
} from '../../src/nn/index.ts';
import { add, relu } from '../../src/tensor/index.ts';
import { smallNetwork } from './networks.ts';

/** A network, and the shape of a sample. */
export interface Specimen {
  readonly network: Module;
  readonly sample: readonly number[];
}

const vector = (...layers: Module[]): Specimen => ({ network: new Sequential(...layers), sample: [6] });
const image = (...layers: Module[]): Specimen => ({ network: new Sequential(...layers), sample: [2, 6, 6] });

function residualBlock(channels: number): Module {
  const conv = () => new Conv2d(channels, channels, 3, { padding: 1, bias: false });
  const children = { conv1: conv(), bn1: new BatchNorm2d(channels), conv2: conv(), bn2: new BatchNorm2d(channels) };
  return new Functional(children, (x, f) => relu(add(x, f.bn2(f.conv2(relu(f.bn1(f.conv1(x))))))));
}

/** Ten networks of different kinds, without values yet. */
export const tenNetworks: Readonly<Record<string, () => Specimen>> = {
  'a linear map': () => vector(new Linear(6, 2)),
  'two hidden layers of ReLUs': () =>
    vector(new Linear(6, 96), new ReLU(), new Linear(96, 96), new ReLU(), new Linear(96, 2)),
  'three hidden layers of tanh': () =>
    vector(
      new Linear(6, 64),
      new Tanh(),
      new Linear(64, 64),
      new Tanh(),
      new Linear(64, 64),
      new Tanh(),
      new Linear(64, 1),
    ),
  GELU: () => vector(new Linear(6, 128), new GELU(), new Linear(128, 3)),
  'layer norm and SiLU': () =>
    vector(new Linear(6, 64), new LayerNorm([64]), new SiLU(), new Linear(64, 64), new SiLU(), new Linear(64, 1)),
  'a convolution and max pooling': () =>
    image(
      new Conv2d(2, 12, 3, { padding: 1 }),
      new LeakyReLU(0.1),
      new MaxPool2d(2),
      new Flatten(),
      new Linear(108, 2),
    ),
  'convolutions and batch norm': () =>
    image(
      ...[new Conv2d(2, 16, 3, { bias: false }), new BatchNorm2d(16), new ReLU()],
      ...[new Conv2d(16, 16, 3, { bias: false }), new BatchNorm2d(16), new ReLU()],
      ...[new AdaptiveAvgPool2d(1), new Flatten(), new Linear(16, 2)],
    ),
  'ELU, with strides': () =>
    image(
      new Conv2d(2, 16, 3, { stride: 2, padding: 1 }),
      new ELU(),
      new Conv2d(16, 16, 3, { stride: 2 }),
      new ELU(),
      new Flatten(),
      new Linear(16, 1),
    ),
  'two residual blocks': () =>
    image(
      ...[new Conv2d(2, 8, 3, { padding: 1, bias: false }), residualBlock(8), residualBlock(8)],
      ...[new AdaptiveAvgPool2d(1), new Flatten(), new Linear(8, 2)],
    ),
  'a cell of NAS-Bench-201': () => ({ network: smallNetwork('cell network', 3), sample: [3, 8, 8] }),
};
