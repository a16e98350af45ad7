import { reshape, sameShape, type Shape, sum, type Tensor } from '../tensor/index.ts';

/**
 * The adjoint of broadcasting: sums g, whose dimensions after the first `rows` are a broadcast of `shape`, down to
 * [rows…, shape…].
 */
export function sumTo(g: Tensor, shape: Shape, rows: number): Tensor {
  const target = [...g.shape.slice(0, rows), ...shape];
  if (sameShape(g.shape, target)) return g;
  const firstKept = g.rank - shape.length;
  const stretched = g.shape.flatMap((extent, axis) => {
    const missing = axis >= rows && axis < firstKept;
    const single = axis >= firstKept && extent !== 1 && shape[axis - firstKept] === 1;
    return missing || single ? [axis] : [];
  });
  return reshape(sum(g, stretched), target);
}
