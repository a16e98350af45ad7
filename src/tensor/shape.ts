import { formatValue } from '../check.ts';
import { ShapeError } from '../errors.ts';

/** Extents from the outermost to the innermost dimension; `[]` is a scalar. */
export type Shape = readonly number[];

/**
 * The number of elements of a shape; 1 for a scalar.
 *
 * @example
 * console.log(sizeOf([2, 3, 4]), sizeOf([])); // 24 1
 */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * Checks a shape that comes from code without types.
 *
 * @param where names it in messages.
 * @throws ShapeError when it is no list of whole numbers ≥ 0.
 *
 * @example
 * const given: unknown = [2, 3];
 * checkShape('batch', given);
 * console.log(given.length); // 2
 */
export function checkShape(where: string, shape: unknown): asserts shape is Shape {
  const fits = Array.isArray(shape) && shape.every((extent) => Number.isInteger(extent) && extent >= 0);
  if (!fits) throw new ShapeError(`${where}: expected a shape, a list of integers ≥ 0, got ${formatValue(shape)}`);
}

/**
 * `[2, 3, 4]`, as shapes are written in messages.
 *
 * @example
 * console.log(formatShape([2, 3, 4])); // [2, 3, 4]
 */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/**
 * Whether two shapes are the same.
 *
 * @example
 * console.log(sameShape([2, 3], [2, 3]), sameShape([2, 3], [3, 2])); // true false
 */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

/**
 * The common shape of arrays under broadcasting: dimensions are aligned at the right, and an extent of 1 stretches.
 *
 * @throws ShapeError when two extents differ and neither is 1.
 *
 * @example
 * console.log(broadcastShapes('add', [[4, 1], [3]])); // [ 4, 3 ]
 */
export function broadcastShapes(operation: string, shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, dimension) => {
    let common = 1;
    for (const shape of shapes) {
      const extent = shape[dimension - rank + shape.length] ?? 1;
      if (extent === 1 || extent === common) continue;
      if (common !== 1) {
        throw new ShapeError(
          `${operation}: shapes ${shapes.map(formatShape).join(' and ')} do not broadcast, ` +
            `expected equal extents or 1 in dimension ${dimension - rank}, got ${common} and ${extent}`,
        );
      }
      common = extent;
    }
    return common;
  });
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
    strides[dimension] = stride;
    stride *= shape[dimension];
  }
  return strides;
}

/**
 * Strides that read an array of shape `from` as if it had the broadcast shape `to`: 0 along every stretched dimension.
 */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, dimension) => {
    const own = dimension - missing;
    return own < 0 || from[own] === 1 ? 0 : strides[own];
  });
}
