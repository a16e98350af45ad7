import { broadcastStrides, type Shape, sizeOf } from '../../shape.ts';
import { joinDimensions } from '../../strided.ts';
import { dot, type KernelText, type Lanes, lanes, plus } from './kernelText.ts';
import type { Lowering, Operand } from './lowering.ts';

/** How an operand is read under the indices of an output: a stride for each dimension, from an offset. */
export interface View {
  readonly operand: Operand;
  readonly strides: readonly number[];
  readonly offset?: number;
}

/** An operand stretched to a shape. */
export function broadcastView(operand: Operand, shape: Shape): View {
  return { operand, strides: broadcastStrides(operand.shape, shape) };
}

/**
 * The elements of a view that stand at the four elements of texel `k.t` of a dense array of `shape`: one texel where they
 * lie together, one element where they are one, and four elements otherwise.
 *
 * @param number of the operand among the kernel's.
 */
export function readView(k: KernelText, number: number, shape: Shape, { strides, offset = 0 }: View): Lanes {
  const { extents, strides: joined } = joinDimensions(shape, [strides]);
  const inner = extents.length - 1;
  const [steps] = joined;
  const single = extents.length === 1;
  if (single && steps[0] === 1 && offset % 4 === 0) return k.texel(number, plus(k.t, offset / 4));
  if (single && steps[0] === 0) return same(k.element(number, String(offset)));
  if (extents[inner] % 4 === 0) {
    const at = k.coordinates(k.t, [...extents.slice(0, inner), extents[inner] / 4]);
    const outer = steps.slice(0, inner);
    if (steps[inner] === 1 && offset % 4 === 0 && outer.every((step) => step % 4 === 0)) {
      return k.texel(number, plus(dot(at, [...outer.map((step) => step / 4), 1]), offset / 4));
    }
    const first = k.value(plus(dot(at, [...outer, 4 * steps[inner]]), offset));
    if (steps[inner] === 0) return same(k.element(number, first));
    return lanes((lane) => k.element(number, plus(first, lane * steps[inner])));
  }
  return perLane(k, sizeOf(shape), (position) => {
    const [at] = k.offsets(position, extents, joined);
    return k.element(number, k.value(plus(at, offset)));
  });
}

/** A function of the position of each lane's element of a texel; lanes after the end repeat the last element. */
export function perLane(
  k: KernelText,
  size: number,
  of: (position: string, lane: number) => string,
  texel = k.t,
): Lanes {
  const first = k.value(`${texel} * 4`);
  return lanes((lane) => {
    const position = plus(first, lane);
    return of(k.value(size % 4 === 0 ? position : `Math.min(${position}, ${size - 1})`), lane);
  });
}

/** The same as {@link perLane} in a loop over the lanes: for text that is long. */
export function eachLane(k: KernelText, size: number, of: (position: string) => string, texel = k.t): Lanes {
  const results = lanes(() => k.variable());
  k.loop(4, (lane) => {
    const position = k.value(`${texel} * 4 + ${lane}`);
    const value = of(k.value(size % 4 === 0 ? position : `Math.min(${position}, ${size - 1})`));
    k.choose(lane, 4, (i) => k.line(`${results[i]} = ${value};`));
  });
  return results;
}

/** Computes an output element by element from views of operands. */
export function mapViews(
  lower: Lowering,
  output: Operand,
  shape: Shape,
  views: readonly View[],
  f: (...values: string[]) => string,
): void {
  mapStatements(lower, output, shape, views, (_, values) => f(...values));
}

/** The same for a function that is written in several statements. */
export function mapStatements(
  lower: Lowering,
  output: Operand,
  shape: Shape,
  views: readonly View[],
  f: (k: KernelText, values: readonly string[]) => string,
): void {
  // An operand that is read twice is one parameter, and one read if it is read alike.
  const operands = [...new Map(views.map(({ operand }) => [operand.id, operand])).values()];
  lower.kernel(output, operands, (k) => {
    const known = new Map<string, Lanes>();
    const read = views.map((view) => {
      const number = operands.findIndex(({ id }) => id === view.operand.id);
      const key = `${number} ${view.strides.join()} ${view.offset ?? 0}`;
      let values = known.get(key);
      if (values === undefined) known.set(key, (values = readView(k, number, shape, view)));
      return values;
    });
    return lanes((lane) =>
      k.value(
        f(
          k,
          read.map((values) => values[lane]),
        ),
      ),
    );
  });
}

function same(value: string): Lanes {
  return [value, value, value, value];
}
