import { oneOf } from '../check.ts';
import {
  cast,
  checkShape,
  type DType,
  type Feeds,
  formatShape,
  input,
  InputError,
  type NDArray,
  type Shape,
  ShapeError,
  type Tensor,
} from '../tensor/index.ts';
import { checkModule, type Module } from './module.ts';
import type { Buffer, Parameter } from './parameter.ts';

/**
 * How batch norm normalises: by the statistics of the batch (`train`, in which every output depends on every sample), or
 * by running statistics (`eval`, in which samples are independent).
 */
export type Mode = 'train' | 'eval';

/** How a network is traced. */
export interface TraceOptions {
  readonly mode: Mode;
  /** The precision of the expressions; float64 by default. */
  readonly dtype?: DType;
}

/** One application of a module during a trace. */
export interface Call {
  readonly module: Module;
  readonly input: Tensor;
  readonly output: Tensor;
}

/** What a running statistic sees of the batch. */
export interface Observation {
  readonly buffer: Buffer;
  /** The expression of the statistic of the batch, in the shape of the buffer; built when it is asked for. */
  readonly statistic: () => Tensor;
  /** The buffer becomes (1 − momentum) · buffer + momentum · statistic. */
  readonly momentum: number;
}

/** Errors that tell which module they are of. */
const located = new WeakSet<Error>();

/**
 * The expressions of one forward pass, and the parameters and buffers that took part in it.
 *
 * @example
 * const trace = new Trace(network, [4, 5], { mode: 'eval' });
 * console.log(trace.y.shape, trace.calls.length, trace.parameters(network).size); // [ 4, 3 ] 4 4
 */
export class Trace {
  readonly mode: Mode;
  readonly dtype: DType;
  /** The network's input, batch first. */
  readonly x: Tensor;
  /** The network's output. */
  readonly y: Tensor;

  readonly #network: Module;
  readonly #names: ReadonlyMap<Parameter | Buffer, string>;
  readonly #leaves = new Map<Parameter | Buffer, Tensor>();
  readonly #calls: Call[] = [];
  readonly #observations: Observation[] = [];

  /**
   * Traces a network on a batch.
   *
   * @param shape the shape of the input, batch first: vectors [N, D], sequences [N, T], images [N, C, H, W], …
   * @throws ShapeError when the input does not fit the network.
   * @throws InputError when the mode or the precision is not one of the choices.
   */
  constructor(network: Module, shape: Shape, options: TraceOptions) {
    checkModule('network', network);
    checkShape('trace: shape', shape);
    const { mode, dtype = 'float64' } = options;
    this.mode = oneOf('trace: mode', mode, ['train', 'eval']);
    this.dtype = oneOf('trace: dtype', dtype, ['float32', 'float64']);
    if (shape.length < 1 || shape[0] < 1) {
      throw new ShapeError(`trace: expected an input [N, …] with N ≥ 1, batch first, got shape ${formatShape(shape)}`);
    }
    this.#network = network;
    this.#names = new Map([...network.namedParameters(), ...network.namedBuffers()].map(([name, v]) => [v, name]));
    this.x = input('x', shape, dtype);
    this.y = network.apply(this.x, this);
  }

  /** Every application of a module, in the order of execution, a module after its children. */
  get calls(): readonly Call[] {
    return this.#calls;
  }

  /** What running statistics see of the batch, in the order of execution; none in eval mode. */
  get observations(): readonly Observation[] {
    return this.#observations;
  }

  /** The expression of a parameter. */
  parameter(parameter: Parameter): Tensor {
    return this.#leaf(parameter);
  }

  /** The expression of a buffer. */
  buffer(buffer: Buffer): Tensor {
    return this.#leaf(buffer);
  }

  /** The inputs of the graph that stand for parameters and buffers that took part. */
  get leaves(): ReadonlyMap<Parameter | Buffer, Tensor> {
    return this.#leaves;
  }

  /** The name of a parameter or buffer of the network, e.g. `0.weight`. */
  nameOf(variable: Parameter | Buffer): string {
    return this.#names.get(variable) ?? 'a variable of another network';
  }

  /**
   * An error of a module, with the module's path and class: `1.conv (Conv2d): …`. One that has a place already, or is
   * neither about shapes nor about input, stays as it is.
   */
  locate(error: unknown, module: Module): unknown {
    const isOurs = error instanceof ShapeError || error instanceof InputError;
    if (!isOurs || located.has(error)) return error;
    const { name } = module.constructor;
    const path = [...this.#network.namedModules()].find(([, each]) => each === module)?.[0] ?? '';
    const message = error.message.startsWith(`${name}: `) ? error.message.slice(name.length + 2) : error.message;
    const Kind = error instanceof ShapeError ? ShapeError : InputError;
    const told = new Kind(`${path === '' ? name : `${path} (${name})`}: ${message}`, { cause: error });
    located.add(told);
    return told;
  }

  /** Called by modules as they are applied. */
  record(module: Module, x: Tensor, y: Tensor): void {
    this.#calls.push({ module, input: x, output: y });
  }

  /**
   * Called in train mode by a module that keeps running statistics: how a buffer would follow the batch.
   * `updateRunningStatistics` computes it; a forward pass alone does not.
   */
  observe(buffer: Buffer, statistic: () => Tensor, momentum: number): void {
    this.#observations.push({ buffer, statistic, momentum });
  }

  /** The expressions of the network's parameters that took part, by name, in the network's order. */
  parameters(network: Module): Map<string, Tensor> {
    const took = [...network.namedParameters()].filter(([, parameter]) => this.#leaves.has(parameter));
    return new Map(took.map(([name, parameter]) => [name, this.parameter(parameter)]));
  }

  /**
   * The present values of all parameters and buffers that took part, in the precision of the trace.
   *
   * @throws InputError when a parameter has no value yet.
   */
  variables(): Map<Tensor, NDArray> {
    const values = [...this.#leaves].map(([variable, leaf]) => {
      if (!variable.hasValue) {
        throw new InputError(
          `network: parameter ${this.#names.get(variable)} has no value yet, expected initialize or loadStateDict first`,
        );
      }
      return [leaf, cast(variable.value, this.dtype)] as const;
    });
    return new Map(values) satisfies Feeds;
  }

  #leaf(variable: Parameter | Buffer): Tensor {
    let leaf = this.#leaves.get(variable);
    if (leaf === undefined) {
      const name = this.#names.get(variable);
      if (name === undefined) {
        throw new InputError(
          `trace: a parameter or buffer of shape ${formatShape(variable.shape)} belongs to no module of the network, ` +
            `expected it and its module to be registered (parameter, buffer, child)`,
        );
      }
      leaf = input(name, variable.shape, this.dtype);
      this.#leaves.set(variable, leaf);
    }
    return leaf;
  }
}
