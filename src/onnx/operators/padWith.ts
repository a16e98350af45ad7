import { full, pad, type Padding, select, type Tensor } from '../../tensor/index.ts';

/** x between borders of one value. */
export function padWith(x: Tensor, sides: readonly Padding[], value: number): Tensor {
  if (sides.every(({ before = 0, after = 0 }) => before === 0 && after === 0)) return x;
  const zeros = pad(x, sides);
  if (value === 0) return zeros;
  const inside = pad(full(x.shape, 1, x.dtype), sides);
  return select(inside, zeros, full([], value, x.dtype));
}
