import { listOf, struct } from './struct.ts';

// The description of a piece of work that a kernel reads. Each table is declared here and nowhere else: the kernel reads it through
// the class of the same name in assembly/generated/tables.ts, and the lowering fills it by name. Distances and sizes of
// type `usize` are in bytes, strides of weights in elements.

/** Numbers that TypeScript and AssemblyScript share. */
export const CONSTANTS = {
  /** Columns that `gram` packs at a time: a strip is 8 KiB, and a sum is added to memory once in 256 products. */
  GRAM_PANEL: 256,
  /** Points of a patch of minimal filtering along a side, and all of them. */
  POINTS_SIDE: 6,
  POINTS: 36,
  /** Room for the vectors of a tile of inner products. */
  TILE_BYTES: 192,
} as const;

/** How an image is packed: pixel (0, 0) at the offset, pixels dealt into planes by position modulo the stride. */
export const Packing = struct('Packing', {
  height: 'i32',
  width: 'i32',
  offsetH: 'i32',
  offsetW: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  /** The size of a packed plane. */
  rows: 'i32',
  columns: 'i32',
});

/** Up to four neighbouring results: where they read and write, and how many of the four lanes count. */
export const Vector = struct('Vector', { from: 'usize', to: 'usize', count: 'i32' });

/** An image and the weights of its taps. Convolutions whose results are added up are one, of several sources. */
export const Source = struct('Source', {
  /** Channels of a group, and taps of a channel. */
  channels: 'i32',
  channelTaps: 'i32',
  groupStride: 'i32',
  kernelStride: 'i32',
  channelStride: 'i32',
  sampleBytes: 'usize',
  /** Where its packed image begins among all packed images. */
  image: 'usize',
  packing: Packing,
});

export const ConvolveTable = struct('ConvolveTable', {
  samples: 'i32',
  /** Samples that have a mask of their own; the others repeat them. */
  maskSamples: 'i32',
  groups: 'i32',
  /** Kernels of a group. */
  kernels: 'i32',
  /** Of the packed channels of a group; of several groups there is one source. */
  groupBytes: 'usize',
  outputPlaneBytes: 'usize',
  tileRows: 'i32',
  tileColumns: 'i32',
  /** Whether images are packed; if not, there is one, and it is read where it lies. */
  packed: 'bool',
  packedBytes: 'usize',
  /** Where the packed weights and the packed images begin in the scratch memory. */
  weights: 'usize',
  images: 'usize',
  sources: listOf(Source),
  /** The distance of each tap of a group, of all sources. */
  taps: listOf('i32'),
  vectors: listOf(Vector),
});

/** A vector of pixels: where it begins in a packed channel, and in a plane of the gradient. */
export const Position = struct('Position', { x: 'usize', g: 'usize' });

export const CorrelateTable = struct('CorrelateTable', {
  /** Rows that share x. */
  gradients: 'i32',
  samples: 'i32',
  groups: 'i32',
  /** Kernels of a group, those that are computed; and the planes of a sample's gradient, all that there are. */
  kernels: 'i32',
  gradientPlaneCount: 'i32',
  /** Channels of all groups. */
  channels: 'i32',
  /** Taps of a group that are written; the list may hold more, for whole tiles. */
  tapCount: 'i32',
  sampleBytes: 'usize',
  groupBytes: 'usize',
  /** The size of the gradient's planes. */
  height: 'i32',
  width: 'i32',
  tileRows: 'i32',
  tileColumns: 'i32',
  /** Whether the tile takes taps that are neighbours. */
  tileOfRow: 'bool',
  packed: 'bool',
  packedBytes: 'usize',
  /** Samples that are packed together. */
  chunk: 'i32',
  /** Where the parts of the scratch memory begin: pointers to gradients, packed images, padded gradients. Sums are first. */
  pointers: 'usize',
  images: 'usize',
  gradientPlanes: 'usize',
  packing: Packing,
  taps: listOf('i32'),
  /** Of the samples that are packed together, one after another. */
  positions: listOf(Position),
});

/** Pixels at the same position modulo the stride: they see the same taps. */
export const Phase = struct('Phase', {
  height: 'i32',
  width: 'i32',
  taps: listOf('i32'),
  /** The weight of each tap, in elements from the kernel's first. */
  weights: listOf('i32'),
  vectors: listOf(Vector),
});

export const StridedTable = struct('StridedTable', {
  samples: 'i32',
  maskSamples: 'i32',
  groups: 'i32',
  /** Channels of the output, a group. */
  kernels: 'i32',
  /** Channels of the gradient, all groups. */
  channels: 'i32',
  groupStride: 'i32',
  kernelStride: 'i32',
  sampleBytes: 'usize',
  groupBytes: 'usize',
  packedBytes: 'usize',
  /** Of the results of one phase, for all kernels of a group. */
  phaseBytes: 'usize',
  /** Of the packed weights of a group. */
  weightBytes: 'usize',
  /** The size of the output's planes. */
  height: 'i32',
  width: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  tileRows: 'i32',
  tileColumns: 'i32',
  /** Where the packed image and the results of the phases begin in the scratch memory, after the packed weights. */
  image: 'usize',
  results: 'usize',
  packing: Packing,
  phases: listOf(Phase),
});

/** Windows over planes. */
export const PoolTable = struct('PoolTable', {
  inputH: 'i32',
  inputW: 'i32',
  outputH: 'i32',
  outputW: 'i32',
  kernelH: 'i32',
  kernelW: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  /** Rows and columns of padding before the first pixel. */
  paddingTop: 'i32',
  paddingLeft: 'i32',
});

/** Sums over boxes, one around each pixel of the output. */
export const BoxSumTable = struct('BoxSumTable', {
  inputH: 'i32',
  inputW: 'i32',
  outputH: 'i32',
  outputW: 'i32',
  kernelH: 'i32',
  kernelW: 'i32',
  /** Rows and columns of a box before its pixel. */
  top: 'i32',
  left: 'i32',
  /** Whether the weights multiply the input; if not, the sums. */
  weighsInput: 'bool',
});

/** A 3×3 convolution at stride 1 by minimal filtering: 4×4 patches of results, by blocks of rows of patches. */
export const Filtering = struct('Filtering', {
  samples: 'i32',
  kernels: 'i32',
  channels: 'i32',
  /** The size of the image's planes, and of those of the results (of the gradient, in a weight gradient). */
  imageH: 'i32',
  imageW: 'i32',
  height: 'i32',
  width: 'i32',
  /** Rows of zeros above the image. */
  above: 'i32',
  /** Columns of zeros before the image, as bytes of a line; bytes of its rows that no patch sees; columns that are seen. */
  lineStart: 'usize',
  rowStart: 'usize',
  columns: 'i32',
  /** Patches in a row, rows of patches in a plane and in a block. */
  across: 'i32',
  down: 'i32',
  blockRows: 'i32',
  /** One of the six lines of a row of patches. */
  lineBytes: 'usize',
});

/** Where a patch of results goes: its address, that of its mask or 0, and the rows and columns that it has. */
export const Place = struct('Place', { to: 'usize', mask: 'usize', rows: 'i32', columns: 'i32' });

/** An image, one of those whose results are added up, and its kernels: strides of the weights, in bytes. */
export const FilteringSource = struct('FilteringSource', {
  channels: 'i32',
  kernelBytes: 'usize',
  channelBytes: 'usize',
});

export const WinogradConvolveTable = struct('WinogradConvolveTable', {
  filtering: Filtering,
  maskSamples: 'i32',
  /** Patches of a block, a multiple of 8. */
  patches: 'i32',
  /** Where the parts of the scratch memory begin; room for transforms is first. */
  addresses: 'usize',
  zeros: 'usize',
  lines: 'usize',
  starts: 'usize',
  places: 'usize',
  kernelPoints: 'usize',
  imagePoints: 'usize',
  results: 'usize',
  /** From one of the 36 points to the next, in each of the three. */
  kernelStep: 'usize',
  imageStep: 'usize',
  resultStep: 'usize',
  sources: listOf(FilteringSource),
});

export const WinogradCorrelateTable = struct('WinogradCorrelateTable', {
  filtering: Filtering,
  /** Rows that share x, and the planes of a sample's gradient: of as many kernels, or more. */
  gradients: 'i32',
  gradientPlaneCount: 'i32',
  /** Where the parts of the scratch memory begin; room for transforms is first. */
  zeros: 'usize',
  imageLines: 'usize',
  gradientLines: 'usize',
  imagePoints: 'usize',
  gradientPoints: 'usize',
  sums: 'usize',
  /** From one of the 36 points to the next, in each of the three. */
  imageStep: 'usize',
  gradientStep: 'usize',
  sumStep: 'usize',
});

/** All tables and their parts: a struct stands after those that it holds. */
export const STRUCTS = [
  Packing,
  Vector,
  Source,
  ConvolveTable,
  Position,
  CorrelateTable,
  Phase,
  StridedTable,
  PoolTable,
  BoxSumTable,
  Filtering,
  Place,
  FilteringSource,
  WinogradConvolveTable,
  WinogradCorrelateTable,
] as const;
