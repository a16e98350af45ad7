import {
  broadcastShapes,
  broadcastTo,
  concatenate,
  full,
  formatShape,
  gather,
  reshape,
  select,
  less,
  add,
  sizeOf,
  slice,
  take,
  type Tensor,
  transpose,
} from '../../tensor/index.ts';
import { padWith } from './padWith.ts';
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
  if (free >= 0) {
    const others = sizeOf(shape.filter((_, i) => i !== free));
    const rest = sizeOf(x.shape) / others;
    if (!Number.isInteger(rest)) call.fail(`cannot reshape ${formatShape(x.shape)} to ${formatShape(wanted)}`);
    shape[free] = rest;
  }
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

/** Where a slice begins and how many positions it takes of one dimension, as NumPy reads `start:stop:step`. */
function positions(extent: number, start: number, stop: number, step: number): { from: number; count: number } {
  const inside = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + extent : at, low), high);
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const from = inside(start, low, high);
  return { from, count: Math.max(0, Math.ceil((inside(stop, low, high) - from) / step)) };
}

/** A part of one dimension; an empty one is a tensor without elements. */
function part(x: Tensor, axis: number, from: number, count: number, step = 1): Tensor {
  const shape = x.shape.map((extent, d) => (d === axis ? count : extent));
  if (sizeOf(shape) === 0) return full(shape, 0, x.dtype);
  const last = from + (count - 1) * step + 1;
  return slice(
    x,
    x.shape.map((stop, d) => (d === axis ? { start: from, stop: last, step } : { stop })),
  );
}

function sliced(x: Tensor, call: Call): Tensor {
  const starts = call.integers('starts', 1) ?? call.fail('starts: expected integers, got none');
  const ends = call.integers('ends', 2) ?? call.fail('ends: expected integers, got none');
  const axes = (call.integers('axes', 3) ?? starts.map((_, i) => i)).map((axis) => call.axis(axis, x.rank));
  const steps = call.numbers(4) ?? starts.map(() => 1);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length)) {
    call.fail(`expected as many ends, axes and steps as the ${starts.length} starts`);
  }
  return axes.reduce((y, axis, i) => {
    const step = steps[i];
    if (step === 0 || !Number.isInteger(step)) call.fail(`steps: expected integers other than 0, got ${step}`);
    const { from, count } = positions(y.shape[axis], starts[i], ends[i], step);
    if (step > 0 || count === 0) return part(y, axis, from, count, step);
    return take(
      y,
      call.table(count, (k) => from + k * step),
      axis,
    );
  }, x);
}

/** Lengths that are given, or as many as there are outputs: from operator set 18 on the last one may be shorter. */
function splitLengths(call: Call, extent: number): readonly number[] {
  const parts = call.node.outputs.length;
  const declared = call.attributes.int('num_outputs', parts);
  if (declared !== parts) call.fail(`num_outputs: expected the ${parts} outputs of the node, got ${declared}`);
  const given = call.integers('split', 1);
  if (given) return given;
  if (call.opset < 18 && extent % parts !== 0) call.fail(`expected ${parts} equal parts, got an extent of ${extent}`);
  const even = Math.ceil(extent / parts);
  return Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(even, extent - i * even)));
}

function split(call: Call): Result[] {
  const x = call.tensor(0);
  const axis = call.axis(call.attributes.int('axis', 0), x.rank);
  const extent = x.shape[axis];
  const lengths = splitLengths(call, extent);
  const { outputs } = call.node;
  if (lengths.length !== outputs.length || lengths.some((each) => each < 0) || total(lengths) !== extent) {
    call.fail(`split: expected ${outputs.length} lengths that sum to ${extent}, got ${lengths.join(', ')}`);
  }
  return lengths.map((length, i) => ({
    tensor: part(x, axis, total(lengths.slice(0, i)), length),
    kind: call.kind(0),
  }));
}

const total = (lengths: readonly number[]) => lengths.reduce((a, b) => a + b, 0);

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
  const given = call.integers('pads', 1) ?? call.fail('pads: expected integers, got none');
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
      if (extent === 0) call.fail(`expected pixels to repeat, got none in dimension ${axis}`);
      const length = Math.max(0, before + extent + after);
      return take(
        y,
        call.table(length, (at) => source(at - before, extent)),
        axis,
      );
    }, x);
  }
  // A padding below 0 cuts off.
  const kept = pads.map(([before, after], i) => ({
    start: Math.max(0, -before),
    stop: x.shape[i] + Math.min(0, after),
  }));
  if (kept.some(({ start, stop }) => start > stop))
    call.fail(`pads: expected to leave something, got ${given.join(', ')}`);
  const cut = kept.every(({ start, stop }, i) => start === 0 && stop === x.shape[i]) ? x : slice(x, kept);
  const sides = pads.map(([before, after]) => ({ before: Math.max(0, before), after: Math.max(0, after) }));
  const value = call.opset < 11 ? call.attributes.float('value', 0) : (call.number(2) ?? 0);
  return padWith(cut, sides, value);
}

function tiled(x: Tensor, call: Call): Tensor {
  const repeats = call.numbers(1) ?? call.fail('repeats: expected integers, got none');
  if (repeats.length !== x.rank || repeats.some((times) => times < 0)) {
    call.fail(`repeats: expected ${x.rank} integers ≥ 0, got ${repeats.join(', ')}`);
  }
  if (repeats.includes(0)) {
    return full(
      x.shape.map((extent, i) => extent * repeats[i]),
      0,
      x.dtype,
    );
  }
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
  const given = index.in(call.dtype);
  const number = (value: number) => full([], value, given.dtype);
  const at = select(less(given, number(0)), add(given, number(extent)), given);
  const tensor = gather(front, at, { innerRank: x.rank - 1 });
  const places = index.shape.map((_, i) => i);
  const outer = Array.from({ length: axis }, (_, i) => index.shape.length + i);
  const inner = Array.from({ length: x.rank - 1 - axis }, (_, i) => index.shape.length + axis + i);
  return { tensor: axis === 0 ? tensor : transpose(tensor, [...outer, ...places, ...inner]), kind };
}

/** The edge of a block, [N, C, H, W], the extents of x. */
function blocks(x: Tensor, call: Call): readonly [number, number, number, number, number] {
  const b = call.attributes.int('blocksize', 1);
  if (x.rank !== 4) call.fail(`expected an input [N, C, H, W], got shape ${formatShape(x.shape)}`);
  if (b < 1) call.fail(`blocksize: expected an integer ≥ 1, got ${b}`);
  return [b, x.shape[0], x.shape[1], x.shape[2], x.shape[3]];
}

function depthToSpace(x: Tensor, call: Call): Tensor {
  const [b, n, c, h, w] = blocks(x, call);
  const mode = call.attributes.string('mode', 'DCR');
  if (mode !== 'DCR' && mode !== 'CRD') call.fail(`mode: expected DCR, CRD, got ${mode}`);
  if (c % (b * b) !== 0) call.fail(`expected channels in blocks of ${b * b}, got ${c}`);
  const outer = c / (b * b);
  return mode === 'CRD'
    ? reshape(transpose(reshape(x, [n, outer, b, b, h, w]), [0, 1, 4, 2, 5, 3]), [n, outer, h * b, w * b])
    : reshape(transpose(reshape(x, [n, b, b, outer, h, w]), [0, 3, 4, 1, 5, 2]), [n, outer, h * b, w * b]);
}

function spaceToDepth(x: Tensor, call: Call): Tensor {
  const [b, n, c, h, w] = blocks(x, call);
  if (h % b !== 0 || w % b !== 0) call.fail(`expected pixels in blocks of ${b}, got ${h} by ${w}`);
  const apart = transpose(reshape(x, [n, c, h / b, b, w / b, b]), [0, 3, 5, 1, 2, 4]);
  return reshape(apart, [n, c * b * b, h / b, w / b]);
}

/** Operators that move elements. */
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
};
