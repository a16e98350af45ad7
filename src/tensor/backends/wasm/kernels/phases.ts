import type { Address } from '../calls.ts';
import type { Lowering } from '../lowering.ts';
import type { ConvolutionAttributes, Pair } from '../../../primitives/convolution.ts';
import { describe, type Epilogue } from './packing.ts';
import { scaleTile } from './tiles.ts';

/** The input gradient of a convolution with a stride, as assembly/strided.ts computes it. */
export interface Strided {
  readonly samples: number;
  readonly groups: number;
  /** Channels of the input and of the gradient, a group. */
  readonly kernels: number;
  readonly inputs: number;
  readonly kernel: Pair;
  /** Steps of the weights from group to group, channel to channel of the input and of the gradient, in elements. */
  readonly steps: readonly [group: number, kernel: number, channel: number];
  /** Of the gradient, and of the input. */
  readonly size: Pair;
  readonly outputs: Pair;
}

interface AxisTap {
  readonly tap: number;
  /** Where it reads the gradient, counted from the place in the phase. */
  readonly offset: number;
}

/** The taps that pixels at position `phase` modulo the stride see: tap r of pixel s·i + phase is at i + offset. */
function tapsOfPhase(phase: number, kernel: number, stride: number, padding: number, dilation: number): AxisTap[] {
  const taps = Array.from({ length: kernel }, (_, tap) => ({
    tap,
    offset: (phase + padding - tap * dilation) / stride,
  }));
  return taps.filter(({ offset }) => Number.isInteger(offset));
}

const PACK_SLACK = 64;
const HEADER = 18 + 8;
const PHASE = 7;

export function lowerStrided(
  lower: Lowering,
  out: Address,
  [g, w]: readonly Address[],
  { stride, padding, dilation }: ConvolutionAttributes,
  { samples, groups, kernels, inputs, kernel, steps, size, outputs }: Strided,
  { mask, add }: Epilogue,
): void {
  const axis = ([0, 1] as const).map((i) => {
    const phases = Array.from({ length: stride[i] }, (_, phase) => ({
      taps: tapsOfPhase(phase, kernel[i], stride[i], padding[i], dilation[i]),
      places: Math.max(0, Math.ceil((outputs[i] - phase) / stride[i])),
    }));
    const reach = phases.flatMap(({ taps, places }) => taps.flatMap(({ offset }) => [offset, offset + places - 1]));
    const before = Math.max(0, -Math.min(0, ...reach));
    return { phases, before, extent: before + Math.max(size[i], ...reach.map((at) => at + 1)) };
  });
  const [vertical, horizontal] = axis;
  const columns = horizontal.extent;
  const channelBytes = 4 * vertical.extent * columns;

  const phases = vertical.phases.flatMap((a) =>
    horizontal.phases.map((b) => {
      const taps = a.taps.flatMap((r) => b.taps.map((s) => ({ r, s })));
      const each = Array.from({ length: inputs }, (_, c) => taps.map((tap) => ({ c, ...tap }))).flat();
      return {
        size: [a.places, b.places] as const,
        distances: each.map(
          ({ c, r, s }) =>
            c * channelBytes + 4 * ((vertical.before + r.offset) * columns + horizontal.before + s.offset),
        ),
        weights: each.map(({ c, r, s }) => c * steps[2] + r.tap * kernel[1] + s.tap),
        vectors: Array.from({ length: a.places }, (_, i) =>
          Array.from({ length: Math.ceil(b.places / 4) }, (_, j) => ({
            from: 4 * (i * columns + 4 * j),
            to: 4 * (i * b.places + 4 * j),
            count: Math.min(4, b.places - 4 * j),
          })),
        ).flat(),
      };
    }),
  );
  const [rows, wide] = scaleTile(kernels, Math.max(...phases.map(({ vectors }) => vectors.length)));
  for (const { vectors } of phases) {
    while (vectors.length % wide > 0) vectors.push({ from: 0, to: 0, count: 0 });
  }

  const body: number[] = [];
  const begin = 4 * (HEADER + PHASE * phases.length);
  const place = (numbers: readonly number[]) => {
    const at = begin + 4 * body.length;
    body.push(...numbers);
    return at;
  };
  const described = phases.flatMap(({ size: places, distances, weights, vectors }) => [
    ...[distances.length, vectors.length, ...places, place(distances), place(weights)],
    place(vectors.flatMap(({ from, to, count }) => [from, to, count])),
  ]);
  const whole = Math.ceil(kernels / rows) * rows;
  const packedBytes = 4 * Math.ceil((groups * inputs * channelBytes + PACK_SLACK) / 4);
  const phaseBytes = 4 * whole * Math.max(...phases.map(({ size: [p, q] }) => p * q));
  const packing = { size, offset: [vertical.before, horizontal.before], stride: [1, 1] } as const;
  const table = lower.table([
    ...[samples, mask?.samples ?? 0, groups, kernels, groups * inputs, steps[0], steps[1]],
    ...[4 * groups * inputs * size[0] * size[1], inputs * channelBytes, packedBytes, phaseBytes],
    ...[...outputs, ...stride, rows, wide, 4 * HEADER],
    ...describe({ ...packing, rows: vertical.extent, columns }),
    ...described,
    ...body,
  ]);
  const weightBytes = 4 * groups * whole * phases.reduce((sum, { distances }) => sum + distances.length, 0);
  const bytes = weightBytes + packedBytes + phases.length * phaseBytes + PACK_SLACK;
  lower.call('convolveStrided', out, g, w, mask?.address ?? 0, Number(add), table, lower.scratch(bytes));
}
