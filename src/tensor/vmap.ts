import { ShapeError } from '../errors.ts';
import { apply } from './apply.ts';
import { broadcastTo, transpose } from './functions/movement.ts';
import { coreRanksOf } from './primitives/index.ts';
import { formatShape, type Shape } from './shape.ts';
import { dependents, input, Tensor, topologicalOrder } from './tensor.ts';

/**
 * The same expressions over a new outermost dimension: a transform of a graph, not of the code that built it.
 *
 * Each key of `replacements`, of shape S, becomes its value, of shape [B, …S] with the same B for all; whatever depends on
 * a key gains the dimension B in front, and the rest stays as it is and is shared by all B. Every primitive is a
 * generalised ufunc, so B is one more leading dimension to it. Where an operand has fewer leading dimensions than the
 * result, dimensions of extent 1 go between B and its own, so that B meets B.
 *
 * @returns [B, …shape] for each output, a broadcast for one that depends on no key.
 * @throws ShapeError when a replacement is not its key with one more dimension, or the B differ.
 *
 * @example
 * // Gradients of a loss for each sample, as torch.func's vmap(grad(f)):
 * const [w, x] = [constant(ndarray([1, 2], [2])), input('x', [2])];
 * const rows = constant(ndarray([1, 0, 0, 1, 1, 1], [3, 2]));
 * const output = sum(multiply(w, x)); // of one sample, (w·x)
 * const [perSample] = await evaluate(mapOver(grad(multiply(output, output), [w]), new Map([[x, rows]])));
 * console.log(perSample.shape, [...perSample.data]); // [ 3, 2 ] [ 2, 0, 0, 4, 6, 6 ]
 */
export function mapOver(outputs: readonly Tensor[], replacements: ReadonlyMap<Tensor, Tensor>): Tensor[] {
  const extent = extentOf(replacements);
  const order = topologicalOrder(outputs);
  const depends = dependents(order, replacements.keys());
  const mapped = new Map(replacements);
  for (const tensor of order) {
    if (depends.has(tensor) && !mapped.has(tensor)) mapped.set(tensor, mapOne(tensor, mapped));
  }
  return outputs.map((output) => mapped.get(output) ?? broadcastTo(output, [extent, ...output.shape]));
}

/**
 * Vectorises a function over a dimension of its arguments, as `jax.vmap` and `torch.func.vmap` do.
 *
 * @param f builds expressions from tensors without the mapped dimension.
 * @param inAxes for each argument the dimension to map over, or `null` for one that all share; 0 by default.
 * @returns a function of tensors with the mapped dimension; it is the outermost one of every result.
 * @throws ShapeError when a mapped dimension does not exist, or mapped extents differ.
 *
 * @example
 * const rows = constant(ndarray([1, 2, 3, 4], [2, 2])); // [N, D]
 * const [squares] = await evaluate([vmap((v) => sum(multiply(v, v)))(rows)]);
 * console.log([...squares.data]); // [ 5, 25 ]
 */
export function vmap<R extends Tensor | readonly Tensor[]>(
  f: (...tensors: Tensor[]) => R,
  inAxes: readonly (number | null)[] = [],
): (...tensors: Tensor[]) => R {
  return (...tensors) => {
    const replacements = new Map<Tensor, Tensor>();
    const unmapped = tensors.map((tensor, i) => {
      const axis = inAxes[i] === undefined ? 0 : inAxes[i];
      if (axis === null) return tensor;
      const outermost = moveToFront(tensor, axis, i);
      const [, ...shape] = outermost.shape;
      const one = input(`argument ${i}`, shape, tensor.dtype);
      replacements.set(one, outermost);
      return one;
    });
    const result = f(...unmapped);
    return (result instanceof Tensor ? mapOver([result], replacements)[0] : mapOver(result, replacements)) as R;
  };
}

function extentOf(replacements: ReadonlyMap<Tensor, Tensor>): number {
  const extents = new Set<number>();
  for (const [from, to] of replacements) {
    const [extent, ...shape] = to.shape;
    if (to.rank !== from.rank + 1 || formatShape(shape) !== formatShape(from.shape) || to.dtype !== from.dtype) {
      throw new ShapeError(
        `vmap: expected ${from.dtype}[B, ${from.shape.join(', ')}] for ${from.toString()}, ` +
          `got ${to.dtype}${formatShape(to.shape)}`,
      );
    }
    extents.add(extent);
  }
  if (extents.size !== 1) {
    throw new ShapeError(`vmap: expected one mapped extent, got ${[...extents].join(' and ') || 'none'}`);
  }
  return [...extents][0];
}

/** One application of a primitive, to operands some of which are mapped. */
function mapOne({ op, operands }: Tensor, mapped: ReadonlyMap<Tensor, Tensor>): Tensor {
  if (op.kind !== 'primitive') throw new Error('vmap: only applications of primitives depend on others');
  const ranks = coreRanksOf(op.primitive, op.attributes, operands.length);
  const leading = operands.map((operand, i) => operand.rank - ranks[i]);
  const most = Math.max(...leading);
  const next = operands.map((operand, i) => {
    const replacement = mapped.get(operand);
    return replacement === undefined ? operand : withSingles(replacement, operand.shape, most - leading[i]);
  });
  return apply(op.primitive, next, op.attributes);
}

/** [B, …shape] as [B, 1, …, 1, …shape]. A reshape of core dimensions: a B that is a broadcast stays one. */
function withSingles(tensor: Tensor, shape: Shape, count: number): Tensor {
  if (count === 0) return tensor;
  return apply('reshape', [tensor], { from: shape, to: [...Array<number>(count).fill(1), ...shape] });
}

function moveToFront(tensor: Tensor, axis: number, argument: number): Tensor {
  const from = axis < 0 ? axis + tensor.rank : axis;
  if (!Number.isInteger(from) || from < 0 || from >= tensor.rank) {
    throw new ShapeError(
      `vmap: expected a dimension of argument ${argument} of shape ${formatShape(tensor.shape)}, got ${axis}`,
    );
  }
  if (from === 0) return tensor;
  const others = tensor.shape.map((_, i) => i).filter((i) => i !== from);
  return transpose(tensor, [from, ...others]);
}
