import {
  cast,
  computeNow,
  constant,
  type DType,
  full,
  InputError,
  type NDArray,
  type Shape,
  type Tensor,
} from '../tensor/index.ts';
import { checkWork } from './work.ts';
import type { Kind, OnnxArray } from './model.ts';

/**
 * What a name of a graph stands for while the network's expression is built: a tensor that depends on the input or the
 * parameters, or *known* numbers, which shapes and indices must be. What is known is computed in float64, in which every
 * extent and index is exact, and takes the precision of the network where it meets a tensor.
 */
export class Value {
  readonly kind: Kind;
  readonly shape: Shape;
  readonly isKnown: boolean;
  readonly #make: (dtype: DType) => Tensor;
  readonly #tensors = new Map<DType, Tensor>();
  #numbers: NDArray | undefined;

  private constructor(kind: Kind, shape: Shape, isKnown: boolean, make: (dtype: DType) => Tensor) {
    this.kind = kind;
    this.shape = shape;
    this.isKnown = isKnown;
    this.#make = make;
  }

  /** A tensor that is not known. */
  static of(tensor: Tensor, kind: Kind): Value {
    return new Value(kind, tensor.shape, false, () => tensor);
  }

  /** An array of the file. */
  static array(array: OnnxArray): Value {
    return new Value(array.kind, array.shape, true, (dtype) => constant(cast(array, dtype)));
  }

  /** The same number everywhere; costs no memory. */
  static filled(shape: Shape, value: number, kind: Kind): Value {
    return new Value(kind, shape, true, (dtype) => full(shape, value, dtype));
  }

  /** What an operator gives of known values: an expression of constants in float64. `where` names it in messages. */
  static known(tensor: Tensor, kind: Kind, where: string): Value {
    const value: Value = new Value(kind, tensor.shape, true, (dtype) =>
      dtype === 'float64' ? tensor : constant(cast(value.numbers(where), dtype)),
    );
    return value;
  }

  /** The expression, in a precision if it is known. */
  in(dtype: DType): Tensor {
    let tensor = this.#tensors.get(dtype);
    if (tensor === undefined) this.#tensors.set(dtype, (tensor = this.#make(dtype)));
    return tensor;
  }

  /**
   * The numbers.
   *
   * @param where names the value in messages.
   * @throws InputError when they depend on the input or the parameters.
   */
  numbers(where: string): NDArray {
    if (!this.isKnown) {
      throw new InputError(`${where}: expected constants, got values that depend on the input or parameters`);
    }
    if (this.#numbers === undefined) {
      const tensor = this.in('float64');
      checkWork(tensor, where);
      [this.#numbers] = computeNow([tensor]);
      // What is built on this value later on begins at its numbers.
      this.#tensors.set('float64', constant(this.#numbers));
    }
    return this.#numbers;
  }
}
