import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  ELU,
  Flatten,
  Functional,
  GroupNorm,
  Identity,
  initialize,
  Linear,
  MaxPool2d,
  type Module,
  pytorchDefault,
  ReLU,
  Sequential,
  Softmax,
  Tanh,
} from '../../src/nn/index.ts';
import { tangentKernel } from '../../src/ntk/index.ts';
import { parseOnnx } from '../../src/onnx/index.ts';
import { add, cast, Generator, type NDArray, type Shape } from '../../src/tensor/index.ts';
import { relativeError } from '../../src/testing/arrays.ts';
import { seeds } from '../../src/testing/arbitraries/shapes.ts';
import { type Attribute, floats, modelBytes, type Step } from '../support/onnxModel.ts';
import { runs } from '../support/runs.ts';

// A random network is built twice: from layers, and as an ONNX file with the layers' weights. Both must have the same
// kernel; float32 weights are the same numbers in both.

/** A network on images, under construction. */
class Builder {
  readonly modules: Module[] = [];
  readonly #steps: Step[] = [];
  readonly #weights = new Map<string, () => NDArray>();
  readonly #generator: Generator;
  shape: Shape;
  #name = 'x';

  constructor(shape: Shape, seed: number) {
    this.shape = shape;
    this.#generator = new Generator(seed);
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.#generator.integer(choices.length)];
  }

  /** A layer and its step; `weights` are names of the layer's arrays, in the order of the operator's inputs. */
  layer(
    module: Module,
    operator: string,
    weights: readonly string[] = [],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    const at = `${this.modules.length}`;
    const names = weights.map((name) => {
      this.#weights.set(`${at}.${name}`, () => module.namedState().get(name)!.value);
      return `${at}.${name}`;
    });
    const output = `y${at}`;
    this.#steps.push({ operator, inputs: [this.#name, ...names], outputs: [output], attributes });
    this.modules.push(module);
    this.#name = output;
  }

  /** x + layer(x) */
  residual(module: Module, operator: string, attributes: Readonly<Record<string, Attribute>> = {}): void {
    const at = `${this.modules.length}`;
    this.#steps.push({ operator, inputs: [this.#name], outputs: [`b${at}`], attributes });
    this.#steps.push({ operator: 'Add', inputs: [this.#name, `b${at}`], outputs: [`y${at}`] });
    this.modules.push(new Functional({ inner: module }, (x, f) => add(x, f.inner(x))));
    this.#name = `y${at}`;
  }

  model(opset: number, batch: Shape): Uint8Array {
    const initializers = Object.fromEntries(
      [...this.#weights].map(([name, value]) => [name, floats(cast(value(), 'float32'))]),
    );
    const inputs = { x: ['N', ...batch.slice(1)] };
    return modelBytes({ opset, inputs, initializers, steps: this.#steps, outputs: [this.#name] });
  }

  grow(): void {
    const [n, c, h, w] = this.shape;
    const kind = this.pick('conv', 'norm', 'group norm', 'activation', 'activation', 'residual', 'pool');
    switch (kind) {
      case 'conv': {
        const groups = c % 2 === 0 ? this.pick(1, 2) : 1;
        const [outputs, stride, padding] = [2 * this.pick(1, 2), this.pick(1, 2), this.pick(0, 1)];
        if (Math.min(h, w) + 2 * padding < 3) return;
        const conv = new Conv2d(c, outputs, 3, { stride, padding, groups });
        this.layer(conv, 'Conv', ['weight', 'bias'], {
          ...{ kernel_shape: [3, 3], strides: [stride, stride], group: groups },
          pads: [padding, padding, padding, padding],
        });
        const size = (extent: number) => Math.floor((extent + 2 * padding - 3) / stride) + 1;
        this.shape = [n, outputs, size(h), size(w)];
        return;
      }
      case 'norm':
        return this.layer(new BatchNorm2d(c), 'BatchNormalization', ['weight', 'bias', 'running_mean', 'running_var']);
      case 'group norm': {
        // As instance normalisation, where a group is a channel.
        if (h * w < 2) return;
        return this.layer(new GroupNorm(c, c), 'InstanceNormalization', ['weight', 'bias']);
      }
      case 'activation': {
        const [module, operator] = this.pick<[Module, string]>(
          [new ReLU(), 'Relu'],
          [new Tanh(), 'Tanh'],
          [new ELU(), 'Elu'],
        );
        return this.layer(module, operator);
      }
      case 'residual': {
        const [module, operator] = this.pick<[Module, string]>([new Tanh(), 'Tanh'], [new Identity(), 'Identity']);
        return this.residual(module, operator);
      }
      case 'pool': {
        if (Math.min(h, w) < 2) return;
        const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
        if (this.pick(true, false)) this.layer(new MaxPool2d(2), 'MaxPool', [], attributes);
        else this.layer(new AvgPool2d(2), 'AveragePool', [], attributes);
        this.shape = [n, c, Math.floor(h / 2), Math.floor(w / 2)];
      }
    }
  }

  finish(): Sequential {
    this.layer(new Flatten(), 'Flatten', [], { axis: 1 });
    const features = this.shape.slice(1).reduce((a, b) => a * b, 1);
    this.layer(new Linear(features, 3), 'Gemm', ['weight', 'bias'], { transB: 1 });
    if (this.pick(true, false)) this.layer(new Softmax(-1), 'Softmax', [], { axis: -1 });
    return new Sequential(...this.modules);
  }
}

test('a random network has the same kernel from its file as from its layers', async () => {
  await fc.assert(
    fc.asyncProperty(
      seeds,
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom('train', 'eval'),
      async (seed, depth, mode) => {
        const batch = [3, 2, 7, 6];
        const builder = new Builder(batch, seed);
        for (let i = 0; i < depth; i++) builder.grow();
        const layers = builder.finish();
        const generator = new Generator(seed);
        initialize(layers, pytorchDefault, generator);
        for (const variable of layers.namedState().values()) {
          const { shape } = variable;
          // Running statistics other than 0 and 1, positive, and weights that float32 holds.
          const drawn = [...layers.namedBuffers().values()].includes(variable as never)
            ? generator.uniforms(shape, { low: 0.5, high: 2 })
            : variable.value;
          variable.value = cast(cast(drawn, 'float32'), 'float64');
        }
        const network = parseOnnx(builder.model(17, batch), 'random.onnx');
        const x = generator.normals(batch);
        const options = { mode, outputs: 'full', dtype: 'float64' } as const;
        const [own, right] = [await tangentKernel(network, x, options), await tangentKernel(layers, x, options)];
        expect(own.parameters).toEqual(right.parameters);
        // ε of 1e-5 and the rounding of both sides: far below the effect of a wrong attribute.
        expect(relativeError(own.kernel, right.kernel)).toBeLessThan(1e-9);
      },
    ),
    { numRuns: runs(60) },
  );
});
