import { type Initializer, Module, normalWith, Parameter, type Trace } from '../../nn/index.ts';
import {
  add,
  convolution,
  type ConvolutionOptions,
  erf,
  leakyRelu,
  linear,
  type Pair,
  reshape,
  scale,
  standardizeRows,
  type Tensor,
  transpose,
} from '../../tensor/index.ts';

// The layers that ntkit/nn has no module for: linear maps in the NTK parametrisation, and maps without parameters.

/** How the weights of a linear layer are drawn and trained, every setting given. */
export interface Affine {
  readonly width: number;
  readonly weightStd: number;
  readonly biasStd: number | undefined;
  readonly parameterization: 'ntk' | 'standard';
}

/** How a parameter is drawn, and what it is multiplied by. */
interface Drawn {
  readonly start: Initializer;
  readonly factor: number;
}

function drawn(std: number, { parameterization }: Affine): Drawn {
  return parameterization === 'ntk' ? { start: normalWith(1), factor: std } : { start: normalWith(std), factor: 1 };
}

/** A linear map whose weight and bias are multiplied by constants. */
abstract class ScaledAffine extends Module {
  protected readonly weight: Parameter;
  protected readonly weightFactor: number;
  readonly #bias: Parameter | undefined;
  readonly #biasFactor: number;

  constructor(settings: Affine, shape: readonly number[]) {
    super();
    const { weightStd, biasStd, width } = settings;
    const inputs = shape.slice(1).reduce((a, b) => a * b, 1);
    const weight = drawn(weightStd / Math.sqrt(inputs), settings);
    const bias = drawn(biasStd ?? 0, settings);
    this.weight = this.parameter('weight', new Parameter(shape, weight.start));
    this.weightFactor = weight.factor;
    this.#bias = biasStd === undefined ? undefined : this.parameter('bias', new Parameter([width], bias.start));
    this.#biasFactor = bias.factor;
  }

  /** @param pixels as many ones as the output has dimensions after its channels. */
  protected withBias(y: Tensor, trace: Trace, pixels: readonly number[]): Tensor {
    if (!this.#bias) return y;
    const bias = reshape(trace.parameter(this.#bias), [...this.#bias.shape, ...pixels]);
    return add(y, scale(bias, this.#biasFactor));
  }
}

/** A fully connected layer, as `dense` says. */
export class ScaledLinear extends ScaledAffine {
  constructor(inputs: number, settings: Affine) {
    super(settings, [settings.width, inputs]);
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return this.withBias(scale(linear(x, trace.parameter(this.weight)), this.weightFactor), trace, []);
  }
}

/** A convolution, as `conv` says. */
export class ScaledConvolution extends ScaledAffine {
  readonly #options: ConvolutionOptions;

  constructor(channels: number, kernel: Pair, options: ConvolutionOptions, settings: Affine) {
    super(settings, [settings.width, channels, ...kernel]);
    this.#options = options;
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = convolution(x, trace.parameter(this.weight), this.#options);
    return this.withBias(scale(y, this.weightFactor), trace, [1, 1]);
  }
}

/** The error function, element by element. */
export class Erf extends Module {
  protected override forward(x: Tensor): Tensor {
    return erf(x);
  }
}

/** slope·x below 0 and x above. */
export class Rectifier extends Module {
  readonly #slope: number;

  constructor(slope: number) {
    super();
    this.#slope = slope;
  }

  protected override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.#slope);
  }
}

/** Layer norm over the channels of each pixel, or over all of a sample, without parameters. */
export class PlainLayerNorm extends Module {
  readonly #over: 'channels' | 'sample';
  readonly #eps: number;

  constructor(over: 'channels' | 'sample', eps: number) {
    super();
    this.#over = over;
    this.#eps = eps;
  }

  protected override forward(x: Tensor): Tensor {
    const [n, , ...pixels] = x.shape;
    if (this.#over === 'sample' || pixels.length === 0) return standardizeRows(x, n, this.#eps);
    const last = transpose(x, [0, 2, 3, 1]);
    return transpose(standardizeRows(last, n * pixels[0] * pixels[1], this.#eps), [0, 3, 1, 2]);
  }
}

/** The sum of branches that have one input. */
export class BranchSum extends Module {
  readonly #branches: readonly Module[];

  constructor(branches: readonly Module[]) {
    super();
    this.#branches = branches.map((branch, i) => this.child(String(i), branch));
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return add(...this.#branches.map((branch) => branch.apply(x, trace)));
  }
}
