import { allocate, checkShape, formatShape, InputError, type NDArray, type Shape, sizeOf } from '../tensor/index.ts';
import type { Initializer } from './initializers.ts';

/**
 * How a parameter starts when a network is initialised:
 *
 * - a number: every element is that number;
 * - an {@link Initializer}: drawn from the parameter's own random stream;
 * - `'weight'`, or `{ biasOf }` with the weight's parameter: the weight or bias of a linear map, which the scheme decides;
 * - `{ fixed }`: every element is that number at first, and `initialize` leaves the value as it is. Architecture parameters
 *   of a supernet are of this kind.
 */
export type Start = number | Initializer | 'weight' | { readonly biasOf: Parameter } | { readonly fixed: number };

/** A named array of a module. It keeps the precision that its value was given in; a trace casts it to its own. */
abstract class Variable {
  readonly shape: Shape;
  #value: NDArray | undefined;

  constructor(shape: Shape) {
    checkShape('parameter: shape', shape);
    this.shape = [...shape];
  }

  /**
   * The present value.
   *
   * @throws InputError when a parameter has neither been initialised nor loaded nor set.
   */
  get value(): NDArray {
    // Memory is allocated when a value is first read: a network can be built and compared with a file before that.
    return (this.#value ??= this.first());
  }

  /**
   * Replaces the value.
   *
   * @throws InputError when the number of elements is another.
   */
  set value(value: NDArray) {
    if (value.data.length !== sizeOf(this.shape)) {
      throw new InputError(
        `value: expected ${sizeOf(this.shape)} elements for shape ${formatShape(this.shape)}, got ${value.data.length}`,
      );
    }
    this.#value = { ...value, shape: this.shape };
  }

  /** Whether there is a value to read. */
  get hasValue(): boolean {
    return this.#value !== undefined || this.startsFilled;
  }

  protected forget(): void {
    this.#value = undefined;
  }

  protected abstract get startsFilled(): boolean;
  protected abstract first(): NDArray;
}

/**
 * An array of a module that is trained, and with respect to which the tangent kernel differentiates.
 *
 * @example
 * const weight = new Parameter([2, 3], xavierUniform()); // how it starts is said here, its name in Module.parameter
 * weight.value = ndarray([1, 2, 3, 4, 5, 6], [2, 3]); // or by initialize, or loadStateDict
 * console.log(weight.shape, weight.value.data[5]); // [ 2, 3 ] 6
 */
export class Parameter extends Variable {
  /** How it starts; undefined where only its owner can say, so that `initialize` refuses it. */
  readonly start: Start | undefined;

  constructor(shape: Shape, start?: Start) {
    super(shape);
    this.start = start;
  }

  protected override get startsFilled(): boolean {
    return typeof this.start === 'number' || (typeof this.start === 'object' && 'fixed' in this.start);
  }

  protected override first(): NDArray {
    const { start } = this;
    if (typeof start === 'number') return filled(this.shape, start);
    if (typeof start === 'object' && 'fixed' in start) return filled(this.shape, start.fixed);
    throw new InputError(
      `parameter of shape ${formatShape(this.shape)}: it has no value yet, expected initialize or loadStateDict first`,
    );
  }
}

/**
 * An array of a module that is kept beside its parameters and not trained: running statistics, fixed tables.
 *
 * @example
 * const runningVar = new Buffer([3], 1);
 * console.log([...runningVar.value.data]); // [ 1, 1, 1 ]
 */
export class Buffer extends Variable {
  readonly #initial: number | NDArray;

  /** @param initial the number of every element, or the whole value. */
  constructor(shape: Shape, initial: number | NDArray = 0) {
    super(shape);
    this.#initial = initial;
    if (typeof initial !== 'number') this.value = initial;
  }

  /** Goes back to the initial value. */
  reset(): void {
    this.forget();
  }

  protected override get startsFilled(): boolean {
    return true;
  }

  protected override first(): NDArray {
    const initial = this.#initial;
    return typeof initial === 'number' ? filled(this.shape, initial) : { ...initial, shape: this.shape };
  }
}

function filled(shape: Shape, value: number): NDArray {
  return { shape, dtype: 'float64', data: allocate('float64', sizeOf(shape)).fill(value) };
}
