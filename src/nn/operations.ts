import { add, concatenate, InputError, pad, scale, slice, type Tensor } from '../tensor/index.ts';
import { AvgPool2d, BatchNorm2d, Conv2d, Identity, MaxPool2d, ReLU } from './layers/index.ts';
import { Functional, Module, Sequential } from './module.ts';

// The candidate operations of NAS-Bench-201 (Dong & Yang 2020) and DARTS (Liu et al. 2019), named as in their code.

type Candidate = (cIn: number, cOut: number, stride: number) => Module;

const candidates: Readonly<Record<string, Candidate>> = {
  none: (_cIn, _cOut, stride) => new Zero(stride),
  skip_connect: (cIn, cOut, stride) => (stride === 1 && cIn === cOut ? new Identity() : factorizedReduce(cIn, cOut)),
  nor_conv_1x1: (cIn, cOut, stride) => reluConvBn(cIn, cOut, 1, stride, 0),
  nor_conv_3x3: (cIn, cOut, stride) => reluConvBn(cIn, cOut, 3, stride, 1),
  avg_pool_3x3: (_cIn, _cOut, stride) => new AvgPool2d(3, { stride, padding: 1, countIncludePad: false }),
  max_pool_3x3: (_cIn, _cOut, stride) => new MaxPool2d(3, { stride, padding: 1 }),
  sep_conv_3x3: (cIn, cOut, stride) => twiceSeparable(cIn, cOut, 3, stride, 1),
  sep_conv_5x5: (cIn, cOut, stride) => twiceSeparable(cIn, cOut, 5, stride, 2),
  dil_conv_3x3: (cIn, cOut, stride) => separable(cIn, cOut, 3, stride, 2, 2),
  dil_conv_5x5: (cIn, cOut, stride) => separable(cIn, cOut, 5, stride, 4, 2),
};

/** The names of all candidate operations. */
export const OPERATIONS: readonly string[] = Object.keys(candidates);

/**
 * A candidate operation from cIn to cOut channels.
 *
 * @throws InputError when the name is unknown.
 *
 * @example
 * const reduction = operation('nor_conv_3x3', 4, 8, 2);
 * initialize(reduction, pytorchDefault, generator);
 * console.log((await forward(reduction, generator.normals([2, 4, 8, 8]))).shape); // [ 2, 8, 4, 4 ]
 */
export function operation(name: string, cIn: number, cOut: number, stride: number): Module {
  if (!Object.hasOwn(candidates, name)) {
    throw new InputError(`unknown operation ${JSON.stringify(name)}, expected one of ${OPERATIONS.join(', ')}`);
  }
  return candidates[name](cIn, cOut, stride);
}

/** 0 · x: nothing passes, but its shape. */
class Zero extends Module {
  readonly #stride: number;

  constructor(stride: number) {
    super();
    this.#stride = stride;
  }

  protected override forward(x: Tensor): Tensor {
    const kept = this.#stride === 1 ? x : slice(x, [{ step: this.#stride }, { step: this.#stride }]);
    return scale(kept, 0);
  }
}

/** A module with one child, `op`. */
function asOp(...modules: Module[]): Module {
  return new Functional({ op: new Sequential(...modules) }, (x, { op }) => op(x));
}

/** ReLU, convolution, batch norm. */
export function reluConvBn(cIn: number, cOut: number, kernel: number, stride = 1, padding = 0): Module {
  const convolution = new Conv2d(cIn, cOut, kernel, { stride, padding, bias: false });
  return asOp(new ReLU(), convolution, new BatchNorm2d(cOut));
}

/** ReLU, depthwise convolution, 1×1 convolution, batch norm. */
function separable(
  cIn: number,
  cOut: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): Module {
  return asOp(
    new ReLU(),
    new Conv2d(cIn, cIn, kernel, { stride, padding, dilation, groups: cIn, bias: false }),
    new Conv2d(cIn, cOut, 1, { bias: false }),
    new BatchNorm2d(cOut),
  );
}

function twiceSeparable(cIn: number, cOut: number, kernel: number, stride: number, padding: number): Module {
  return new Functional(
    {
      op_a: separable(cIn, cIn, kernel, stride, padding, 1),
      op_b: separable(cIn, cOut, kernel, 1, padding, 1),
    },
    (x, { op_a, op_b }) => op_b(op_a(x)),
  );
}

/** Halves the resolution without losing half of the pixels: the second convolution looks one pixel down and right. */
export function factorizedReduce(cIn: number, cOut: number): Module {
  const first = Math.floor(cOut / 2);
  return new Functional(
    {
      relu: new ReLU(),
      'convs.0': new Conv2d(cIn, first, 1, { stride: 2, bias: false }),
      'convs.1': new Conv2d(cIn, cOut - first, 1, { stride: 2, bias: false }),
      bn: new BatchNorm2d(cOut),
    },
    (x, { relu, 'convs.0': even, 'convs.1': odd, bn }) => {
      const positive = relu(x);
      const shifted = slice(pad(positive, [{ after: 1 }, { after: 1 }]), [{ start: 1 }, { start: 1 }]);
      return bn(concatenate([even(positive), odd(shifted)], -3));
    },
  );
}

/** NAS-Bench-201's residual block between stages: twice the channels at half the resolution. */
export function residualReduction(cIn: number, cOut: number): Module {
  return new Functional(
    {
      conv_a: reluConvBn(cIn, cOut, 3, 2, 1),
      conv_b: reluConvBn(cOut, cOut, 3, 1, 1),
      downsample: new Sequential(
        new AvgPool2d(2, { countIncludePad: false }),
        new Conv2d(cIn, cOut, 1, { bias: false }),
      ),
    },
    (x, { conv_a, conv_b, downsample }) => add(downsample(x), conv_b(conv_a(x))),
  );
}
