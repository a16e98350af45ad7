import { ELEMENT_BYTES } from '../../../array.ts';
import { before } from '../../../primitives/convolution.ts';
import { LANES } from '../lowering.ts';
import { StridedTable } from '../tables.ts';
import { type ConvolutionLowering, PACK_SLACK, packingTable } from './packing.ts';
import { scaleTile } from './tiles.ts';

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

/** The input gradient of a convolution with a stride, as assembly/strided.ts computes it. */
export const lowerStrided: ConvolutionLowering = (lower, out, [{ x: g, w }], what, { mask, add }) => {
  const { dtype, samples, groups, kernels, outputs } = what;
  const [bytes, lanes] = [ELEMENT_BYTES[dtype], LANES[dtype]];
  const { channels, kernel, size, strides, attributes } = what.sources[0];
  const { stride, padding, dilation } = attributes;
  const { groupStride, kernelStride, channelStride } = strides;
  const axis = ([0, 1] as const).map((i) => {
    const phases = Array.from({ length: stride[i] }, (_, phase) => ({
      taps: tapsOfPhase(phase, kernel[i], stride[i], before(padding)[i], dilation[i]),
      places: Math.max(0, Math.ceil((outputs[i] - phase) / stride[i])),
    }));
    const reach = phases.flatMap(({ taps, places }) => taps.flatMap(({ offset }) => [offset, offset + places - 1]));
    const ahead = Math.max(0, -Math.min(0, ...reach));
    return { phases, ahead, extent: ahead + Math.max(size[i], ...reach.map((at) => at + 1)) };
  });
  const [vertical, horizontal] = axis;
  const columns = horizontal.extent;
  const channelBytes = bytes * vertical.extent * columns;

  const phases = vertical.phases.flatMap((a) =>
    horizontal.phases.map((b) => {
      const taps = a.taps.flatMap((r) => b.taps.map((s) => ({ r, s })));
      const each = Array.from({ length: channels }, (_, c) => taps.map((tap) => ({ c, ...tap }))).flat();
      return {
        size: [a.places, b.places] as const,
        distances: each.map(
          ({ c, r, s }) =>
            c * channelBytes + bytes * ((vertical.ahead + r.offset) * columns + horizontal.ahead + s.offset),
        ),
        weights: each.map(({ c, r, s }) => c * channelStride + r.tap * kernel[1] + s.tap),
        vectors: Array.from({ length: a.places }, (_, i) =>
          Array.from({ length: Math.ceil(b.places / lanes) }, (_, j) => ({
            from: bytes * (i * columns + lanes * j),
            to: bytes * (i * b.places + lanes * j),
            count: Math.min(lanes, b.places - lanes * j),
          })),
        ).flat(),
      };
    }),
  );
  const [rows, wide] = scaleTile(kernels, Math.max(...phases.map(({ vectors }) => vectors.length)));
  for (const { vectors } of phases) {
    while (vectors.length % wide > 0) vectors.push({ from: 0, to: 0, count: 0 });
  }

  const whole = Math.ceil(kernels / rows) * rows;
  const weightBytes = bytes * whole * phases.reduce((sum, { distances }) => sum + distances.length, 0);
  const packedBytes = groups * channels * channelBytes + PACK_SLACK;
  const phaseBytes = bytes * whole * Math.max(...phases.map(({ size: [p, q] }) => p * q));
  const image = groups * weightBytes;
  const results = image + packedBytes;
  const packing = { size, offset: [vertical.ahead, horizontal.ahead], stride: [1, 1] } as const;
  const table = lower.struct(StridedTable, {
    samples,
    maskSamples: mask?.samples ?? 0,
    groups,
    kernels,
    channels: groups * channels,
    groupStride,
    kernelStride,
    sampleBytes: bytes * groups * channels * size[0] * size[1],
    groupBytes: channels * channelBytes,
    packedBytes,
    phaseBytes,
    weightBytes,
    height: outputs[0],
    width: outputs[1],
    strideH: stride[0],
    strideW: stride[1],
    tileRows: rows,
    tileColumns: wide,
    image,
    results,
    packing: packingTable({ ...packing, rows: vertical.extent, columns }),
    phases: phases.map(({ size: [height, width], distances, weights, vectors }) => ({
      height,
      width,
      taps: distances,
      weights,
      vectors,
    })),
  });
  const scratch = results + phases.length * phaseBytes + PACK_SLACK;
  lower.callIn(dtype, 'convolveStrided', out, g, w, mask?.address ?? 0, Number(add), table, lower.scratch(scratch));
};
