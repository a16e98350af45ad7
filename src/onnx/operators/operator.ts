import type { Buffer } from '../../nn/index.ts';
import { type DType, InputError, type Shape, ShapeError, type Tensor } from '../../tensor/index.ts';
import type { Kind, OnnxArray } from '../model.ts';
import type { Attributes } from '../model.ts';
import type { OnnxNode } from '../model.ts';
import type { Value } from '../value.ts';
import { MOST_NUMBERS } from '../work.ts';

/** What an operator gives for one of its outputs. */
export type Result = Tensor | { readonly tensor: Tensor; readonly kind: Kind } | Value;

/** How an operator builds its outputs' expressions. */
export interface Operator {
  readonly build: (call: Call) => Result | readonly Result[];
  /** The inputs through which no derivative flows; all by 'all'. */
  readonly fixed?: readonly number[] | 'all';
}

/** An operator whose inputs from `first` on are settings: shapes, axes, bounds. */
export const withSettings = (build: Operator['build'], first: number): Operator => ({
  build,
  fixed: Array.from({ length: 8 - first }, (_, i) => first + i),
});

/** What surrounds the graph while it is read. */
export interface Surroundings {
  readonly opset: number;
  readonly mode: 'train' | 'eval';
  /** Tells the trace what running statistics see of the batch. */
  readonly observe: (buffer: Buffer, statistic: () => Tensor, momentum: number) => void;
  /** The buffer that an initializer is, if it is one. */
  readonly bufferOf: (name: string) => Buffer | undefined;
}

/** One node, with the values of its inputs. */
export class Call implements Surroundings {
  readonly node: OnnxNode;
  /** The precision that expressions are built in. */
  readonly dtype: DType;
  readonly opset: number;
  readonly mode: 'train' | 'eval';
  readonly observe: Surroundings['observe'];
  readonly bufferOf: Surroundings['bufferOf'];
  readonly #inputs: readonly (Value | undefined)[];

  constructor(node: OnnxNode, inputs: readonly (Value | undefined)[], dtype: DType, surroundings: Surroundings) {
    this.node = node;
    this.#inputs = inputs;
    this.dtype = dtype;
    this.opset = surroundings.opset;
    this.mode = surroundings.mode;
    this.observe = surroundings.observe;
    this.bufferOf = surroundings.bufferOf;
  }

  get attributes(): Attributes {
    return this.node.attributes;
  }

  /** How many inputs are given, those that are left out between them included. */
  get count(): number {
    return this.#inputs.length;
  }

  has(i: number): boolean {
    return this.#inputs[i] !== undefined;
  }

  value(i: number): Value {
    const value = this.#inputs[i];
    if (value === undefined) throw new InputError(`${this.node.where}: expected an input number ${i}, got none`);
    return value;
  }

  /** The expression of an input. */
  tensor(i: number): Tensor {
    return this.value(i).in(this.dtype);
  }

  /** All inputs that are given. */
  tensors(): Tensor[] {
    return this.#inputs.flatMap((value) => (value ? [value.in(this.dtype)] : []));
  }

  shape(i: number): Shape {
    return this.value(i).shape;
  }

  kind(i: number): Kind {
    return this.value(i).kind;
  }

  /** The numbers of an input that the file fixes; undefined where it is left out. */
  numbers(i: number): readonly number[] | undefined {
    const value = this.#inputs[i];
    return value && [...value.numbers(`${this.node.where}: input ${i}`).data];
  }

  /** The one number of an input that the file fixes. */
  number(i: number): number | undefined {
    const numbers = this.numbers(i);
    if (numbers !== undefined && numbers.length !== 1) {
      throw new InputError(`${this.node.where}: input ${i}: expected one number, got ${numbers.length}`);
    }
    return numbers?.[0];
  }

  /** Integers that older operator sets have as an attribute and later ones as an input. */
  integers(attribute: string, input: number): readonly number[] | undefined {
    return this.attributes.ints(attribute) ?? this.numbers(input);
  }

  /** An array attribute. */
  array(name: string): OnnxArray | undefined {
    return this.attributes.array(name);
  }

  /** An axis, counted from the front. */
  axis(axis: number, rank: number): number {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw new ShapeError(`${this.node.where}: axis: expected an integer from ${-rank} to ${rank - 1}, got ${axis}`);
    }
    return axis < 0 ? axis + rank : axis;
  }

  /**
   * A list that is as long as a dimension.
   *
   * @throws ShapeError when it would be enormous.
   */
  table(length: number, of: (i: number) => number): number[] {
    if (!(length <= MOST_NUMBERS)) this.fail(`expected at most ${MOST_NUMBERS} numbers, got ${length}`);
    return Array.from({ length }, (_, i) => of(i));
  }

  /** @throws ShapeError that names the node. */
  fail(message: string): never {
    throw new ShapeError(`${this.node.where}: ${message}`);
  }
}
