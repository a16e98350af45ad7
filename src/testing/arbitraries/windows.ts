import fc from 'fast-check';
import type { Pair, Sides } from '../../tensor/index.ts';
import { extent } from './shapes.ts';

// Windows of convolutions and pools, in all their geometry.

const pairOf = (arbitrary: fc.Arbitrary<number>): fc.Arbitrary<Pair> => fc.tuple(arbitrary, arbitrary);

const sidesOf = (arbitrary: fc.Arbitrary<number>): fc.Arbitrary<Sides> =>
  fc.tuple(fc.tuple(arbitrary, arbitrary), fc.tuple(arbitrary, arbitrary));

const padded = (size: number, [low, high]: Pair) => low + size + high;

/** Convolutions of all kinds: any stride, padding, dilation and groups, sizes that need not fit evenly. */
export const convolutions = fc
  .record({
    n: extent(2),
    groups: extent(3),
    d: extent(2),
    kernelsPerGroup: extent(2),
    kernel: pairOf(extent(3)),
    stride: pairOf(extent(3)),
    padding: sidesOf(extent(2, 0)),
    dilation: pairOf(extent(2)),
    extra: pairOf(extent(4, 0)),
  })
  .map(({ n, groups, d, kernelsPerGroup, kernel, stride, padding, dilation, extra }) => {
    // The smallest input that the dilated kernel fits, and some more.
    const size = ([0, 1] as const).map((i) =>
      Math.max(1, dilation[i] * (kernel[i] - 1) + 1 - padded(0, padding[i]) + extra[i]),
    ) as unknown as Pair;
    const output = ([0, 1] as const).map(
      (i) => Math.floor((padded(size[i], padding[i]) - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1,
    );
    return {
      attributes: { stride, padding, dilation, groups },
      x: [n, d * groups, ...size],
      w: [kernelsPerGroup * groups, d, ...kernel],
      y: [n, kernelsPerGroup * groups, ...output],
      size,
      kernel,
    };
  });

/** Windows with pixels in each of them, wherever they begin and end. */
const anyPools = fc
  .record({
    kernel: pairOf(extent(4)),
    stride: pairOf(fc.oneof(fc.constant(1), extent(4))),
    padding: sidesOf(extent(3, 0)),
    counted: sidesOf(extent(3, 0)),
    extra: pairOf(extent(9, 0)),
  })
  .map(({ kernel, stride, padding: wanted, counted: some, extra }) => {
    const size = kernel.map((k, i) => k + extra[i]) as unknown as Pair;
    const padding = wanted.map((sides, i) => sides.map((side) => Math.min(side, kernel[i] - 1))) as unknown as Sides;
    const counted = some.map((sides, i) => sides.map((c, j) => Math.min(c, padding[i][j]))) as unknown as Sides;
    const windows = size.map((s, i) => Math.floor((padded(s, padding[i]) - kernel[i]) / stride[i]) + 1);
    return { attributes: { kernel, stride, padding }, counted, size, windows };
  });

const NO_SIDES: Sides = [
  [0, 0],
  [0, 0],
];

/** Windows side by side, with rows long enough for vectors. */
const sideBySidePools = fc.tuple(pairOf(extent(3)), extent(2), extent(6)).map(([kernel, down, across]) => {
  const windows = [down, across];
  const size = kernel.map((k, i) => k * windows[i]) as unknown as Pair;
  return { attributes: { kernel, stride: kernel, padding: NO_SIDES }, counted: NO_SIDES, size, windows };
});

/** Pools of all kinds: windows anywhere with pixels in each of them, and side by side. */
export const pools = fc.oneof({ weight: 3, arbitrary: anyPools }, { weight: 1, arbitrary: sideBySidePools });
