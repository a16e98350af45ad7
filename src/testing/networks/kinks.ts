import { type Mode, type Module, Trace } from '../../nn/index.ts';
import {
  type Attributes,
  cast,
  dependents,
  evaluate,
  Generator,
  type NDArray,
  type PrimitiveOp,
  referenceBackend,
  type Shape,
  type Tensor,
  topologicalOrder,
} from '../../tensor/index.ts';
import { largest } from '../arrays.ts';

/** The least distance from a kink, in units of the largest value of its layer. */
export const CLEARANCE = 2e-4;

/** Functions with a kink at 0, or one on either side of it, by what to subtract. */
const KINKS: Readonly<Record<string, (attributes: never) => readonly number[]>> = {
  relu: () => [0],
  leakyRelu: () => [0],
  elu: () => [0],
  abs: () => [0],
  hardtanh: ({ low, high }: { low: number; high: number }) => [low, high],
  clip: ({ low, high }: { low: number; high: number }) => [low, high],
  hardswish: () => [-3, 3],
  hardsigmoid: () => [-3, 3],
};

/**
 * How far a batch keeps a network from its kinks: the smallest distance of an input of a ReLU (or of its relatives) from
 * the kink, and of the largest value of a max pool's window from the next, in units of the largest value of that layer.
 * What is exactly on a kink, as zeros that a layer makes are, stays there in any precision and does not count.
 *
 * @example
 * const line = randomize(networkFrom(['Sequential', ['Linear', 1, 1], ['ReLU']]), 7);
 * const at = (x: number) => kinkDistance(line, ndarray([x], [1, 1]), 'eval');
 * console.log((await at(1)) > 0, await at(1) === (await at(-1))); // true true
 */
export async function kinkDistance(network: Module, x: NDArray, mode: Mode): Promise<number> {
  const trace = new Trace(network, x.shape, { mode });
  const order = topologicalOrder([trace.y]);
  const onInput = dependents(order, [trace.x]);
  const bent = order.flatMap(({ op, operands: [operand] }) => {
    const counts =
      op.kind === 'primitive' && onInput.has(operand) && (op.primitive in KINKS || op.primitive === 'maxPoolIndex');
    return counts ? [{ op, operand }] : [];
  });
  if (bent.length === 0) return Infinity;
  const feeds = new Map([...trace.variables(), [trace.x, cast(x, 'float64')] as const]);
  const inputs: readonly Tensor[] = bent.map(({ operand }) => operand);
  const values = await evaluate(inputs, feeds, referenceBackend);
  return Math.min(...values.map((value, i) => distanceOf(bent[i].op, value)));
}

function distanceOf(op: PrimitiveOp, value: NDArray): number {
  const size = largest(value) || 1;
  if (op.primitive === 'maxPoolIndex') return gapOf(value, op.attributes) / size;
  let least = Infinity;
  for (const kink of KINKS[op.primitive](op.attributes as never)) {
    for (const x of value.data) if (x !== kink) least = Math.min(least, Math.abs(x - kink));
  }
  return least / size;
}

/** The smallest difference between the largest value of a window and one that is smaller. */
function gapOf({ shape, data }: NDArray, { kernel, stride, padding }: Attributes['maxPoolIndex']): number {
  const [h, w] = shape.slice(-2);
  let least = Infinity;
  for (let plane = 0; plane < data.length; plane += h * w) {
    for (let y = -padding[0][0]; y < h; y += stride[0]) {
      for (let x = -padding[1][0]; x < w; x += stride[1]) {
        const window: number[] = [];
        for (let r = Math.max(0, y); r < Math.min(h, y + kernel[0]); r++) {
          for (let s = Math.max(0, x); s < Math.min(w, x + kernel[1]); s++) window.push(data[plane + r * w + s]);
        }
        const most = Math.max(...window);
        for (const value of window) if (value < most) least = Math.min(least, most - value);
      }
    }
  }
  return least;
}

const TRIES = 24;

/** A batch, and how far it keeps a network from its kinks. */
export interface ClearBatch {
  readonly x: NDArray;
  readonly distance: number;
}

/**
 * A standard normal batch on which a network is away from its kinks by {@link CLEARANCE}, so that float32 sees the same
 * masks as float64 and central differences cross none; of 24 drawn ones that which is furthest away, where none is. Its
 * numbers are float32's.
 *
 * @example
 * const { x, distance } = await clearBatch(network, [2, 5], 0, 'eval');
 * console.log(x.shape, distance >= CLEARANCE); // [ 2, 5 ] true
 */
export async function clearBatch(network: Module, shape: Shape, seed: number, mode: Mode): Promise<ClearBatch> {
  let best: ClearBatch | undefined;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const x = cast(new Generator(seed).fork(attempt).normals(shape, { dtype: 'float32' }), 'float64');
    const distance = await kinkDistance(network, x, mode);
    if (best === undefined || distance > best.distance) best = { x, distance };
    if (distance >= CLEARANCE) break;
  }
  return best!;
}
