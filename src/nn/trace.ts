import {
  broadcastTo,
  cast,
  type DType,
  type Feeds,
  formatShape,
  input,
  type NDArray,
  type Shape,
  ShapeError,
  type Tensor,
} from '../tensor/index.ts';
import type { Module, Variable } from './module.ts';

/**
 * How batch norm normalises: by the statistics of the batch (`train`, in which every output depends on every sample), or
 * by running statistics (`eval`, in which samples are independent).
 */
export type Mode = 'train' | 'eval';

/** How a network is traced. */
export interface TraceOptions {
  readonly mode: Mode;
  /** The precision of the expressions; float64 unless told otherwise. */
  readonly dtype?: DType;
  /**
   * Gives every sample a copy of the parameters: the network is traced on [N, 1, C, H, W], and the derivative with
   * respect to a parameter, [N, …shape], holds one gradient a sample. The copies are broadcasts and cost no memory.
   * Only in `eval` mode are samples independent.
   */
  readonly perSample?: boolean;
}

/** One application of a module during a trace. */
export interface Call {
  readonly module: Module;
  readonly input: Tensor;
  readonly output: Tensor;
}

/** The expressions of one forward pass and the variables that took part in it. */
export class Trace {
  readonly mode: Mode;
  readonly dtype: DType;
  /** The network's input; [N, C, H, W], or [N, 1, C, H, W] when traced per sample. */
  readonly x: Tensor;
  /** The network's output. */
  readonly y: Tensor;
  /** Every application of a module, in the order of execution, a module after its children. */
  readonly calls: readonly Call[];

  readonly #copies: Shape;
  readonly #names: ReadonlyMap<Variable, string>;
  readonly #leaves = new Map<Variable, { readonly leaf: Tensor; readonly copied: Tensor }>();
  readonly #calls: Call[] = [];

  /**
   * Traces a network on a batch of images.
   *
   * @param images [N, C, H, W]
   * @throws ShapeError when the images do not fit the network, or a per-sample trace is asked for in train mode.
   */
  constructor(network: Module, images: Shape, { mode, dtype = 'float64', perSample = false }: TraceOptions) {
    if (images.length !== 4 || images[0] < 1) {
      throw new ShapeError(`trace: expected images [N, C, H, W] with N ≥ 1, got shape ${formatShape(images)}`);
    }
    if (perSample && mode === 'train') {
      throw new ShapeError('trace: in train mode batch norm couples the samples, expected mode eval for perSample');
    }
    const [n, ...image] = images;
    this.mode = mode;
    this.dtype = dtype;
    this.calls = this.#calls;
    this.#copies = perSample ? [n] : [];
    this.#names = new Map([...network.namedParameters(), ...network.namedBuffers()].map(([name, v]) => [v, name]));
    this.x = input('images', perSample ? [n, 1, ...image] : images, dtype);
    this.y = network.apply(this.x, this);
  }

  /** The expression of a parameter; with a copy for each sample when traced so. */
  parameter(variable: Variable): Tensor {
    return this.#leaf(variable).copied;
  }

  /** The expression of a buffer. */
  buffer(variable: Variable): Tensor {
    return this.#leaf(variable).leaf;
  }

  /** Called by modules as they are applied. */
  note(module: Module, x: Tensor, y: Tensor): void {
    this.#calls.push({ module, input: x, output: y });
  }

  /** The expressions of the network's parameters that took part, by name, in the network's order. */
  parameters(network: Module): Map<string, Tensor> {
    const took = [...network.namedParameters()].filter(([, variable]) => this.#leaves.has(variable));
    return new Map(took.map(([name, variable]) => [name, this.parameter(variable)]));
  }

  /** The present values of all variables that took part, in the precision of the trace. */
  variables(): Map<Tensor, NDArray> {
    return new Map(
      [...this.#leaves].map(([variable, { leaf }]) => [leaf, cast(variable.value, this.dtype)] as const),
    ) satisfies Feeds;
  }

  #leaf(variable: Variable): { readonly leaf: Tensor; readonly copied: Tensor } {
    let entry = this.#leaves.get(variable);
    if (entry === undefined) {
      const leaf = input(this.#names.get(variable) ?? 'variable', variable.shape, this.dtype);
      entry = { leaf, copied: broadcastTo(leaf, [...this.#copies, ...variable.shape]) };
      this.#leaves.set(variable, entry);
    }
    return entry;
  }
}
