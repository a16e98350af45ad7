import { formatValue, oneOf } from '../check.ts';
import { InputError, ShapeError } from '../errors.ts';
import { checkShape, type Shape, formatShape, sizeOf } from './shape.ts';

/** The two precisions of IEEE 754 that ntkit computes in. */
export const DTYPES = ['float32', 'float64'] as const;

/** One of {@link DTYPES}. */
export type DType = (typeof DTYPES)[number];

/** The host storage of either precision. */
export type FloatArray = Float32Array | Float64Array;

/** A dense row-major array on the host: the form in which values enter and leave a graph. */
export interface NDArray {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: FloatArray;
}

/**
 * Makes sure of an array that comes from code without types.
 *
 * @param where names it in messages.
 * @throws InputError when it is none, ShapeError when its numbers do not fit its shape and precision.
 *
 * @example
 * const given: unknown = ndarray([1, 2], [2]);
 * checkArray('batch', given);
 * console.log(given.shape); // [ 2 ]
 */
export function checkArray(where: string, value: unknown): asserts value is NDArray {
  const { shape, dtype, data } = Object(value) as Partial<NDArray>;
  if (!ArrayBuffer.isView(data)) {
    throw new InputError(`${where}: expected an array as ndarray(data, shape) returns, got ${formatValue(value)}`);
  }
  checkShape(`${where}: shape`, shape);
  oneOf(`${where}: dtype`, dtype, DTYPES);
  const holds = dtype === 'float32' ? data instanceof Float32Array : data instanceof Float64Array;
  if (!holds || data.length !== sizeOf(shape)) {
    throw new ShapeError(
      `${where}: expected ${sizeOf(shape)} numbers of ${dtype} for shape ${formatShape(shape)}, ` +
        `got ${data.length} in a ${data.constructor.name}`,
    );
  }
}

/** Distance from 1 to the next larger number of the precision: 2⁻²³ or 2⁻⁵². */
export const EPSILON: Readonly<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 };

/** Bytes of one number. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = { float32: 4, float64: 8 };

/**
 * The place of the first number that is NaN or infinite, from `start` up to `end`; -1 where there is none.
 *
 * @example
 * console.log(firstNonFinite(new Float32Array([1, 2, NaN, Infinity]))); // 2
 */
export function firstNonFinite(data: FloatArray, start = 0, end = data.length): number {
  for (let i = start; i < end; i++) if (!(data[i] - data[i] === 0)) return i;
  return -1;
}

/**
 * Bytes of an array.
 *
 * @example
 * console.log(bytesOf({ shape: [8, 3, 32, 32], dtype: 'float32' })); // 98304
 */
export function bytesOf({ shape, dtype }: Pick<NDArray, 'shape' | 'dtype'>): number {
  return sizeOf(shape) * ELEMENT_BYTES[dtype];
}

/**
 * A zeroed buffer of `size` elements.
 *
 * @throws InputError when the precision is not one of {@link DTYPES}.
 *
 * @example
 * console.log(allocate('float32', 2)); // Float32Array(2) [ 0, 0 ]
 */
export function allocate(dtype: DType, size: number): FloatArray {
  oneOf('allocate: dtype', dtype, DTYPES);
  return dtype === 'float32' ? new Float32Array(size) : new Float64Array(size);
}

/**
 * As {@link allocate}, on memory that worker threads see without a copy wherever there is such.
 *
 * @example
 * const data = allocateShared('float64', 2);
 * console.log(data.length, data.buffer instanceof SharedArrayBuffer); // 2 true
 */
export function allocateShared(dtype: DType, size: number): FloatArray {
  oneOf('allocateShared: dtype', dtype, DTYPES);
  if (typeof SharedArrayBuffer !== 'function') return allocate(dtype, size);
  return dtype === 'float32'
    ? new Float32Array(new SharedArrayBuffer(4 * size))
    : new Float64Array(new SharedArrayBuffer(8 * size));
}

/**
 * Wraps numbers as an array of the given shape. A typed array of the right precision is used as it is, not copied.
 *
 * @param data a flat list; rows of a matrix one after another
 * @throws ShapeError when the shape is invalid or the number of elements does not fit it, InputError when the data are not
 * numbers or the precision is not one of {@link DTYPES}.
 *
 * @example
 * const matrix = ndarray([1, 2, 3, 4, 5, 6], [2, 3]);
 * console.log(matrix.shape, matrix.dtype, matrix.data[3]); // [ 2, 3 ] float64 4
 */
export function ndarray(data: ArrayLike<number>, shape: Shape, dtype: DType = 'float64'): NDArray {
  checkShape('ndarray: shape', shape);
  // A nested list would pass as numbers: JavaScript makes 1 of [1].
  const isFlat = Array.isArray(data) ? data.every((value) => typeof value === 'number') : ArrayBuffer.isView(data);
  if (!isFlat) throw new InputError(`ndarray: data: expected a flat list of numbers, got ${formatValue(data)}`);
  const size = sizeOf(shape);
  if (data.length !== size) {
    // As `formatShape` writes it, in fewer bytes.
    throw new ShapeError(`ndarray: shape [${shape.join(', ')}] needs ${size} elements, got ${data.length}`);
  }
  return { shape, dtype, data: toPrecision('ndarray', data, dtype) };
}

/**
 * The same array in another precision; itself when it already has it.
 *
 * @throws InputError when the precision is not one of {@link DTYPES}.
 *
 * @example
 * const single = cast(ndarray([0.1], [1]), 'float32');
 * console.log(single.data[0]); // 0.10000000149011612
 */
export function cast(array: NDArray, dtype: DType): NDArray {
  return array.dtype === dtype ? array : { ...array, dtype, data: toPrecision('cast', array.data, dtype) };
}

function toPrecision(where: string, data: ArrayLike<number>, dtype: DType): FloatArray {
  // `oneOf` would say the same, in more bytes: this is what a page loads that wants arrays alone.
  const TypedArray = dtype === 'float32' ? Float32Array : dtype === 'float64' && Float64Array;
  if (!TypedArray) {
    throw new InputError(`${where}: dtype: expected "float32" or "float64", got ${formatValue(dtype)}`);
  }
  // Not by `from`: it goes through an iterator, which takes ten times as long.
  return data instanceof TypedArray ? data : new TypedArray(data);
}
