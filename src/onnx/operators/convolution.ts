import {
  abs,
  add,
  averagePool,
  convolution,
  convolutionTranspose,
  max,
  maxPool,
  mean,
  power,
  reshape,
  scale,
  type Sides,
  sizeOf,
  sum,
  type Tensor,
} from '../../tensor/index.ts';
import type { Call, Operator } from './operator.ts';

type Pair = readonly [number, number];

/** Settings of windows over images, of one row where the input has one dimension. */
interface Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** [[top, bottom], [left, right]] */
  readonly padding: Sides;
}

/** Windows without gaps, of a pool. */
type PoolWindows = Omit<Windows, 'dilation'> & { readonly ceilMode: boolean };

/** One or two numbers, the first of which is 1 (or 0) for a row. */
const two = (values: readonly number[], first: number): Pair =>
  values.length === 1 ? [first, values[0]] : [values[0], values[1]];

/** Refuses what has other than one or two dimensions of pixels. */
function dimensions(call: Call): number {
  const pixels = call.shape(0).length - 2;
  if (pixels !== 1 && pixels !== 2)
    call.fail(`expected an input [N, C, L] or [N, C, H, W], got ${pixels + 2} dimensions`);
  return pixels;
}

/** [N, C, L] as [N, C, 1, L]. */
const asImage = (x: Tensor): Tensor => (x.rank === 3 ? reshape(x, [x.shape[0], x.shape[1], 1, x.shape[2]]) : x);

/** Back to [N, C, L], where the input was. */
const asInput = (y: Tensor, pixels: number): Tensor =>
  pixels === 1 ? reshape(y, [y.shape[0], y.shape[1], y.shape[3]]) : y;

function bias(y: Tensor, call: Call, input: number): Tensor {
  if (!call.has(input)) return y;
  const b = call.tensor(input);
  return add(y, reshape(b, [...b.shape, 1, 1]));
}

/** The settings of a convolution or a pool. */
function windows(call: Call, kernel: readonly number[]): Windows {
  const { attributes } = call;
  const pixels = dimensions(call);
  const list = (name: string, otherwise: number): readonly number[] => {
    const values = attributes.ints(name) ?? new Array<number>(pixels).fill(otherwise);
    if (values.length !== pixels) call.fail(`${name}: expected ${pixels} integers, got ${values.length}`);
    return values;
  };
  if (kernel.length !== pixels) call.fail(`kernel: expected ${pixels} extents, got ${kernel.length}`);
  const stride = list('strides', 1);
  const dilation = list('dilations', 1);
  const given = attributes.ints('pads') ?? new Array<number>(2 * pixels).fill(0);
  if (given.length !== 2 * pixels) call.fail(`pads: expected ${2 * pixels} integers, got ${given.length}`);
  const auto = attributes.string('auto_pad', 'NOTSET');
  const sides = kernel.map((extent, i): Pair => {
    if (auto === 'VALID') return [0, 0];
    if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') return [given[i], given[i + pixels]];
    const size = call.shape(0)[i + 2];
    const reach = (Math.ceil(size / stride[i]) - 1) * stride[i] + dilation[i] * (extent - 1) + 1;
    const total = Math.max(0, reach - size);
    const half = Math.floor(total / 2);
    return auto === 'SAME_UPPER' ? [half, total - half] : [total - half, half];
  });
  return {
    kernel: two(kernel, 1),
    stride: two(stride, 1),
    dilation: two(dilation, 1),
    padding: sides.length === 1 ? [[0, 0], sides[0]] : [sides[0], sides[1]],
  };
}

function conv(call: Call): Tensor {
  const pixels = dimensions(call);
  const weight = call.tensor(1);
  const { kernel: _, ...settings } = windows(call, weight.shape.slice(2));
  const y = convolution(asImage(call.tensor(0)), asImage(weight), {
    ...settings,
    groups: call.attributes.int('group', 1),
  });
  return asInput(bias(y, call, 2), pixels);
}

function convTranspose(call: Call): Tensor {
  const { attributes } = call;
  const pixels = dimensions(call);
  const weight = call.tensor(1);
  const { kernel, stride, dilation, padding } = windows(call, weight.shape.slice(2));
  const more = two(attributes.ints('output_padding') ?? new Array<number>(pixels).fill(0), 0);
  const wanted = attributes.ints('output_shape');
  const auto = attributes.string('auto_pad', 'NOTSET');
  const size = asImage(call.tensor(0)).shape.slice(2);
  const sides = [0, 1].map((i): Pair => {
    const reach = (size[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 + more[i];
    const asked = wanted ? two(wanted, 1)[i] : auto.startsWith('SAME') ? size[i] * stride[i] : undefined;
    if (asked === undefined) return padding[i];
    const total = Math.max(0, reach - asked);
    const half = Math.floor(total / 2);
    return auto === 'SAME_UPPER' ? [half, total - half] : [total - half, half];
  });
  const y = convolutionTranspose(asImage(call.tensor(0)), asImage(weight), {
    ...{ stride, dilation, groups: attributes.int('group', 1), outputPadding: more },
    padding: [sides[0], sides[1]],
  });
  return asInput(bias(y, call, 2), pixels);
}

/** A pool, with or without a rounding up of the number of windows. */
const pool = (apply: (x: Tensor, settings: PoolWindows, call: Call) => Tensor): Operator => ({
  build(call) {
    const pixels = dimensions(call);
    const kernel = call.attributes.ints('kernel_shape') ?? call.fail('kernel_shape: expected integers, got none');
    const { dilation, ...shared } = windows(call, kernel);
    const settings = { ...shared, ceilMode: call.attributes.int('ceil_mode', 0) === 1 };
    if (dilation.some((step) => step !== 1)) {
      call.fail(`dilations: expected windows without gaps, got ${dilation.join(', ')}`);
    }
    if (call.node.outputs.length > 1) call.fail('expected one output, got a second one of positions');
    return asInput(apply(asImage(call.tensor(0)), settings, call), pixels);
  },
});

/** (Σ |x|ᵖ)^(1/p) over windows; zeros outside count. */
function lpPool(x: Tensor, { kernel, ...settings }: PoolWindows, call: Call): Tensor {
  const p = call.attributes.int('p', 2);
  const mean = averagePool(power(abs(x), p), kernel, { ...settings, countIncludePad: true });
  return power(scale(mean, kernel[0] * kernel[1]), 1 / p);
}

/** Over all pixels, whose dimensions stay with extent 1. */
const global = (reduce: (x: Tensor, axes: readonly number[], call: Call) => Tensor): Operator => ({
  build(call) {
    const x = call.tensor(0);
    if (sizeOf(x.shape) === 0 || x.rank < 3) call.fail('expected an input [N, C, …] with pixels');
    return reduce(
      x,
      x.shape.slice(2).map((_, i) => i + 2),
      call,
    );
  },
});

const kept = { keepDimensions: true };

/** Convolutions and pools. */
export const convolutionOperators: Readonly<Record<string, Operator>> = {
  Conv: { build: conv },
  ConvTranspose: { build: convTranspose },
  AveragePool: pool((x, { kernel, ...settings }, call) =>
    averagePool(x, kernel, { ...settings, countIncludePad: call.attributes.int('count_include_pad', 0) === 1 }),
  ),
  MaxPool: pool((x, { kernel, ...settings }) => maxPool(x, kernel, settings)),
  LpPool: pool(lpPool),
  GlobalAveragePool: global((x, axes) => mean(x, axes, kept)),
  GlobalMaxPool: global((x, axes) => max(x, axes, kept)),
  GlobalLpPool: global((x, axes, call) => {
    const p = call.attributes.int('p', 2);
    return power(sum(power(abs(x), p), axes, kept), 1 / p);
  }),
};
