import {
  broadcastShapes,
  broadcastTo,
  concatenate,
  constant,
  full,
  gather,
  ndarray,
  pad,
  reshape,
  scalar,
  select,
  type Shape,
  sizeOf,
  slice,
  take,
  type Tensor,
  transpose,
} from '../../tensor/index.ts';
import type { OnnxArray } from '../model.ts';
import { meant } from '../meant.ts';
import { Value } from '../value.ts';
import { type Call, type Operator, type Result, withSettings } from './operator.ts';

/** Elements in another place or shape keep what they are. */
const moved = (build: (x: Tensor, call: Call) => Tensor, settings = 1): Operator =>
  withSettings((call) => ({ tensor: build(call.tensor(0), call), kind: call.kind(0) }), settings);

/** The shape that a Reshape asks for: 0 keeps an extent, −1 is what remains. */
function reshaped(x: Tensor, call: Call): Tensor {
  const wanted = call.integers('shape', 1) ?? call.fail('expected a shape, got none');
  const keeps = call.attributes.int('allowzero', 0) === 0;
  const shape = wanted.map((extent, i) =>
    extent === 0 && keeps ? (x.shape[i] ?? call.fail('0 keeps no extent')) : extent,
  );
  const free = shape.indexOf(-1);
  if (free >= 0) shape[free] = sizeOf(x.shape) / sizeOf(shape.filter((_, i) => i !== free));
  return reshape(x, shape);
}

function flattened(x: Tensor, call: Call): Tensor {
  const axis = call.attributes.int('axis', 1);
  const from = axis < 0 ? axis + x.rank : axis;
  if (from < 0 || from > x.rank) call.fail(`axis: expected an integer from ${-x.rank} to ${x.rank}, got ${axis}`);
  return reshape(x, [sizeOf(x.shape.slice(0, from)), sizeOf(x.shape.slice(from))]);
}

function squeezed(x: Tensor, call: Call): Tensor {
  const axes = call.integers('axes', 1)?.map((axis) => call.axis(axis, x.rank));
  const dropped = axes ?? x.shape.flatMap((extent, i) => (extent === 1 ? [i] : []));
  const wrong = dropped.find((axis) => x.shape[axis] !== 1);
  if (wrong !== undefined)
    call.fail(`axes: expected dimensions of extent 1, got ${x.shape[wrong]} in dimension ${wrong}`);
  return reshape(
    x,
    x.shape.filter((_, i) => !dropped.includes(i)),
  );
}

function unsqueezed(x: Tensor, call: Call): Tensor {
  const axes = call.integers('axes', 1) ?? call.fail('axes: expected integers, got none');
  const rank = x.rank + axes.length;
  const added = new Set(axes.map((axis) => call.axis(axis, rank)));
  if (added.size < axes.length) call.fail(`axes: expected different ones, got ${axes.join(', ')}`);
  const extents = [...x.shape];
  return reshape(
    x,
    Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : extents.shift()!)),
  );
}

function concatenated(call: Call): Result {
  const tensors = call.tensors();
  const axis = call.axis(call.attributes.int('axis', 1), tensors[0].rank);
  return { tensor: concatenate(tensors, axis), kind: call.kind(0) };
}

/** The positions that a slice takes along one dimension, as NumPy reads `start:stop:step`. */
function positions(extent: number, start: number, stop: number, step: number): number[] {
  const inside = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + extent : at, low), high);
  const [from, to] =
    step > 0
      ? [inside(start, 0, extent), inside(stop, 0, extent)]
      : [inside(start, -1, extent - 1), inside(stop, -1, extent - 1)];
  const taken: number[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) taken.push(at);
  return taken;
}

function sliced(x: Tensor, call: Call): Tensor {
  const starts = call.integers('starts', 1) ?? call.fail('starts: expected integers, got none');
  const ends = call.integers('ends', 2) ?? call.fail('ends: expected integers, got none');
  const axes = call.integers('axes', 3) ?? starts.map((_, i) => i);
  const steps = call.numbers(4) ?? starts.map(() => 1);
  return axes.reduce((y, given, i) => {
    const axis = call.axis(given, x.rank);
    const step = steps[i] ?? 1;
    if (step === 0 || !Number.isInteger(step)) call.fail(`steps: expected integers other than 0, got ${step}`);
    const taken = positions(y.shape[axis], starts[i], ends[i], step);
    if (taken.length === 0)
      return full(
        y.shape.map((extent, d) => (d === axis ? 0 : extent)),
        0,
        y.dtype,
      );
    if (step < 0) return take(y, taken, axis);
    const ranges = y.shape.map((stop, d) =>
      d === axis ? { start: taken[0], stop: taken[taken.length - 1] + 1, step } : { stop },
    );
    return slice(y, ranges);
  }, x);
}

function split(call: Call): Result[] {
  const x = call.tensor(0);
  const axis = call.axis(call.attributes.int('axis', 0), x.rank);
  const extent = x.shape[axis];
  const parts = call.node.outputs.length;
  const even = Math.ceil(extent / parts);
  const lengths =
    call.integers('split', 1) ??
    Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(even, extent - i * even)));
  if (lengths.length !== parts || lengths.reduce((a, b) => a + b, 0) !== extent) {
    call.fail(`split: expected ${parts} lengths that sum to ${extent}, got ${lengths.join(', ')}`);
  }
  let start = 0;
  return lengths.map((length) => {
    const ranges = x.shape.map((stop, d) => (d === axis ? { start, stop: start + length } : { stop }));
    start += length;
    return { tensor: slice(x, ranges), kind: call.kind(0) };
  });
}

/** Where position `at` of a padded dimension lies in the unpadded one. */
const SOURCES: Readonly<Record<string, (at: number, extent: number) => number>> = {
  reflect: (at, extent) => {
    const period = Math.max(1, 2 * (extent - 1));
    const inside = ((at % period) + period) % period;
    return inside < extent ? inside : period - inside;
  },
  edge: (at, extent) => Math.min(Math.max(at, 0), extent - 1),
  wrap: (at, extent) => ((at % extent) + extent) % extent,
};

function padded(x: Tensor, call: Call): Tensor {
  const mode = call.attributes.string('mode', 'constant');
  const given =
    call.integers('pads', 1) ?? call.integers('paddings', 1) ?? call.fail('pads: expected integers, got none');
  const axes = call.numbers(3)?.map((axis) => call.axis(axis, x.rank)) ?? x.shape.map((_, i) => i);
  if (given.length !== 2 * axes.length) call.fail(`pads: expected ${2 * axes.length} integers, got ${given.length}`);
  const pads = x.shape.map(() => [0, 0]);
  axes.forEach((axis, i) => (pads[axis] = [given[i], given[i + axes.length]]));
  if (mode !== 'constant') {
    const source =
      SOURCES[mode] ?? call.fail(`mode: expected constant, ${Object.keys(SOURCES).join(', ')}, got ${mode}`);
    return pads.reduce((y, [before, after], axis) => {
      if (before === 0 && after === 0) return y;
      const extent = y.shape[axis];
      const length = Math.max(0, before + extent + after);
      return take(
        y,
        Array.from({ length }, (_, at) => source(at - before, extent)),
        axis,
      );
    }, x);
  }
  // A padding below 0 cuts off.
  const kept = pads.map(([before, after], i) => ({
    start: Math.max(0, -before),
    stop: x.shape[i] + Math.min(0, after),
  }));
  const cut = kept.every(({ start, stop }, i) => start === 0 && stop === x.shape[i]) ? x : slice(x, kept);
  const sides = pads.map(([before, after]) => ({ before: Math.max(0, before), after: Math.max(0, after) }));
  const value = call.opset < 11 ? call.attributes.float('value', 0) : (call.number(2) ?? 0);
  const zeros = pad(cut, sides);
  if (value === 0) return zeros;
  const inside = pad(full(cut.shape, 1, x.dtype), sides);
  return select(inside, zeros, full([], value, x.dtype));
}

function tiled(x: Tensor, call: Call): Tensor {
  const repeats = call.numbers(1) ?? call.fail('repeats: expected integers, got none');
  if (repeats.length !== x.rank) call.fail(`repeats: expected ${x.rank} integers, got ${repeats.length}`);
  const apart = broadcastTo(
    reshape(
      x,
      x.shape.flatMap((extent) => [1, extent]),
    ),
    x.shape.flatMap((extent, i) => [repeats[i], extent]),
  );
  return reshape(
    apart,
    x.shape.map((extent, i) => repeats[i] * extent),
  );
}

function gathered(call: Call): Result {
  const x = call.tensor(0);
  const axis = call.axis(call.attributes.int('axis', 0), x.rank);
  const extent = x.shape[axis];
  const index = call.value(1);
  const kind = call.kind(0);
  if (index.isKnown) {
    const at = [...index.numbers(`${call.node.where}: indices`).data].map((i) => (i < 0 ? i + extent : i));
    const taken = take(x, at, axis);
    return { tensor: reshape(taken, [...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)]), kind };
  }
  // Positions that the input gives: the dimension comes first, and goes back to its place.
  const rest = x.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  const front = axis === 0 ? x : transpose(x, [axis, ...rest]);
  const tensor = gather(front, index.in(call.dtype), { innerRank: x.rank - 1 });
  const places = index.shape.map((_, i) => i);
  const outer = Array.from({ length: axis }, (_, i) => index.shape.length + i);
  const inner = Array.from({ length: x.rank - 1 - axis }, (_, i) => index.shape.length + axis + i);
  return { tensor: axis === 0 ? tensor : transpose(tensor, [...outer, ...places, ...inner]), kind };
}

function depthToSpace(x: Tensor, call: Call): Tensor {
  const b = call.attributes.int('blocksize', 1);
  const [n, c, h, w] = x.shape;
  const outer = c / (b * b);
  return call.attributes.string('mode', 'DCR') === 'CRD'
    ? reshape(transpose(reshape(x, [n, outer, b, b, h, w]), [0, 1, 4, 2, 5, 3]), [n, outer, h * b, w * b])
    : reshape(transpose(reshape(x, [n, b, b, outer, h, w]), [0, 3, 4, 1, 5, 2]), [n, outer, h * b, w * b]);
}

function spaceToDepth(x: Tensor, call: Call): Tensor {
  const b = call.attributes.int('blocksize', 1);
  const [n, c, h, w] = x.shape;
  const blocks = transpose(reshape(x, [n, c, h / b, b, w / b, b]), [0, 3, 5, 1, 2, 4]);
  return reshape(blocks, [n, c * b * b, h / b, w / b]);
}

const integers = (values: readonly number[]): Result => ({
  tensor: constant(ndarray(values, [values.length], 'float64')),
  kind: 'int',
});

function shapeOf(call: Call): Result {
  const { shape } = call.value(0);
  const end = call.attributes.int('end', shape.length);
  return integers(shape.slice(call.attributes.int('start', 0), end));
}

function filled(call: Call): Result {
  const shape: Shape = call.numbers(0) ?? [];
  const value = call.array('value');
  return Value.filled(shape, value?.data[0] ?? 0, value?.kind ?? 'float');
}

function range(call: Call): Result {
  const [start, limit, step] = [0, 1, 2].map(
    (i) => call.number(i) ?? call.fail(`input ${i}: expected a number, got none`),
  );
  const length = Math.max(0, Math.ceil((limit - start) / step));
  if (!(length <= 2 ** 22)) call.fail(`expected at most ${2 ** 22} numbers, got ${length}`);
  const data = Array.from({ length }, (_, i) => start + i * step);
  return { tensor: constant(ndarray(data, [length], 'float64')), kind: call.kind(0) };
}

/** A single number, as it was meant. */
const exact = (array: OnnxArray): OnnxArray => ({
  ...array,
  dtype: 'float64',
  data: Float64Array.from(array.data, meant),
});

function constantOf(call: Call): Result {
  const { attributes } = call;
  const array = attributes.array('value');
  if (array) return Value.array(array.data.length === 1 ? exact(array) : array);
  const list = attributes.floats('value_floats') ?? attributes.ints('value_ints');
  if (list) {
    const kind = attributes.has('value_ints') ? 'int' : 'float';
    return { tensor: constant(ndarray(list, [list.length], 'float64')), kind };
  }
  if (attributes.has('value_int')) return { tensor: scalar(attributes.int('value_int', 0), 'float64'), kind: 'int' };
  if (attributes.has('value_float'))
    return { tensor: scalar(attributes.float('value_float', 0), 'float64'), kind: 'float' };
  return call.fail('expected a value of numbers, got another');
}

/** Operators that move elements, and those that give shapes and constants. */
export const movementOperators: Readonly<Record<string, Operator>> = {
  Reshape: moved(reshaped),
  Flatten: moved(flattened),
  Squeeze: moved(squeezed),
  Unsqueeze: moved(unsqueezed),
  Transpose: moved((x, call) => transpose(x, call.attributes.ints('perm'))),
  Expand: moved((x, call) => broadcastTo(x, broadcastShapes(call.node.where, [x.shape, call.numbers(1) ?? []]))),
  Concat: { build: concatenated },
  Slice: moved(sliced),
  Split: withSettings(split, 1),
  Pad: moved(padded),
  Tile: moved(tiled),
  Gather: { build: gathered, fixed: [1] },
  DepthToSpace: moved(depthToSpace),
  SpaceToDepth: moved(spaceToDepth),
  Shape: { build: shapeOf, fixed: 'all' },
  Size: { build: (call) => ({ tensor: scalar(sizeOf(call.value(0).shape), 'float64'), kind: 'int' }), fixed: 'all' },
  Constant: { build: constantOf, fixed: 'all' },
  ConstantOfShape: { build: filled, fixed: 'all' },
  Range: { build: range, fixed: 'all' },
};
