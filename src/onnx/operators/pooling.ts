import {
  abs,
  averagePool,
  divide,
  full,
  max,
  maxPool,
  mean,
  power,
  scale,
  sizeOf,
  sum,
  type Tensor,
} from '../../tensor/index.ts';
import type { Call, Operator } from './operator.ts';
import {
  asImage,
  asInput,
  countsOf,
  dimensions,
  isDense,
  NOTHING,
  type PoolWindows,
  spread,
  windows,
} from './windows.ts';

/** A pool, with or without a rounding up of the number of windows. */
const pool = (apply: (x: Tensor, windows: PoolWindows, call: Call) => Tensor): Operator => ({
  build(call) {
    const pixels = dimensions(call);
    const kernel = call.attributes.ints('kernel_shape')!;
    const ceilMode = call.attributes.int('ceil_mode', 0) === 1;
    if (call.node.outputs[1]) call.fail('expected one output, got a second one of positions');
    return asInput(apply(asImage(call.tensor(0)), { ...windows(call, kernel), ceilMode }, call), pixels);
  },
});

function maxima(x: Tensor, windows: PoolWindows): Tensor {
  const { kernel, dilation: _, ...settings } = windows;
  if (isDense(windows)) return maxPool(x, kernel, settings);
  return maxPool(spread(x, windows, countsOf(x, windows), -Infinity), kernel);
}

function averages(x: Tensor, windows: PoolWindows, call: Call): Tensor {
  const { kernel, dilation: _, ...settings } = windows;
  const countIncludePad = call.attributes.int('count_include_pad', 0) === 1;
  if (isDense(windows)) return averagePool(x, kernel, { ...settings, countIncludePad });
  const counts = countsOf(x, windows);
  // The places that count are pixels or padding, and none of those that a window hangs over.
  const sides = countIncludePad ? windows.padding : NOTHING;
  const [h, w] = [0, 1].map((i) => sides[i][0] + x.shape[x.rank - 2 + i] + sides[i][1]);
  const places = full([h, w], 1, x.dtype);
  const ofPlaces = countIncludePad ? { ...windows, padding: NOTHING } : windows;
  return divide(
    averagePool(spread(x, windows, counts, 0), kernel),
    averagePool(spread(places, ofPlaces, counts, 0), kernel),
  );
}

/** (Σ |x|ᵖ)^(1/p) over windows; zeros outside count. */
function lpNorms(x: Tensor, windows: PoolWindows, call: Call): Tensor {
  const { kernel, stride, padding, ceilMode } = windows;
  const p = call.attributes.int('p', 2);
  const powers = power(abs(x), p);
  const means =
    isDense(windows) && !ceilMode
      ? averagePool(powers, kernel, { stride, padding, countIncludePad: true })
      : averagePool(spread(powers, windows, countsOf(x, windows), 0), kernel);
  return power(scale(means, kernel[0] * kernel[1]), 1 / p);
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

/** Pools. */
export const poolingOperators: Readonly<Record<string, Operator>> = {
  AveragePool: pool(averages),
  MaxPool: pool(maxima),
  LpPool: pool(lpNorms),
  GlobalAveragePool: global((x, axes) => mean(x, axes, kept)),
  GlobalMaxPool: global((x, axes) => max(x, axes, kept)),
  GlobalLpPool: global((x, axes, call) => {
    const p = call.attributes.int('p', 2);
    return power(sum(power(abs(x), p), axes, kept), 1 / p);
  }),
};
