import { formatValue } from '../../check.ts';
import { formatShape, type Pair, ShapeError, type Tensor } from '../../tensor/index.ts';

// Arguments of layers, checked where a layer is made. Messages name the layer and the argument by PyTorch's name.

/** A whole number of at least `least`. */
export function integer(where: string, value: number, least: number): number {
  if (!Number.isInteger(value) || value < least) {
    throw new ShapeError(`${where}: expected an integer ≥ ${least}, got ${formatValue(value)}`);
  }
  return value;
}

/** Height and width, from one number for both or a pair. */
export function pairOf(where: string, value: number | Pair, least: number): Pair {
  const both: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  const whole = both.length === 2 && both.every((v) => Number.isInteger(v) && (v as number) >= least);
  if (!whole) {
    throw new ShapeError(`${where}: expected an integer ≥ ${least} or a pair of them, got ${formatValue(value)}`);
  }
  return both as unknown as Pair;
}

/** A number of at least `least`. */
export function real(where: string, value: number, least = -Infinity): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    const bound = least === -Infinity ? '' : ` ≥ ${least}`;
    throw new ShapeError(`${where}: expected a finite number${bound}, got ${formatValue(value)}`);
  }
  return value;
}

/** A divisor of a count, e.g. groups of channels. */
export function divides(where: string, divisor: number, what: string, count: number): void {
  if (count % divisor !== 0) {
    throw new ShapeError(`${where}: expected a divisor of the ${count} ${what}, got ${divisor}`);
  }
}

/** A dimension counted from the first, from one that may count from the last (−1). */
export function dimension(where: string, dim: number, { shape, rank }: Tensor): number {
  if (!Number.isInteger(dim) || dim < -rank || dim >= rank) {
    throw new ShapeError(`${where}: expected a dimension of shape ${formatShape(shape)}, got ${formatValue(dim)}`);
  }
  return dim < 0 ? dim + rank : dim;
}
