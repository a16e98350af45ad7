import { formatValue } from '../check.ts';
import {
  type Backend,
  cast,
  defaultBackend,
  type DType,
  InputError,
  type NDArray,
  precisionOf,
  Program,
} from '../tensor/index.ts';
import type { Module } from './module.ts';
import type { Buffer } from './parameter.ts';
import { type Observation, Trace } from './trace.ts';

/** A batch as loaders give it: images [N, C, H, W]. */
export interface ImageBatch {
  readonly images: NDArray;
}

/** PyTorch's momentum of running statistics. */
export const BATCH_NORM_MOMENTUM = 0.1;

/** Where the forward passes run. */
export interface StatisticsOptions {
  /** `defaultBackend` by default. */
  readonly backend?: Backend;
  /** The backend's own precision by default. */
  readonly dtype?: DType;
}

/**
 * Moves the running statistics of every normalisation layer towards those of one batch, as a forward pass in PyTorch's
 * train mode does: r ← (1 − momentum)·r + momentum·batch, the variance unbiased (divided by m − 1).
 *
 * @param options.momentum one for all layers; by default each layer's own.
 */
export async function updateRunningStatistics(
  network: Module,
  { images }: ImageBatch,
  options: StatisticsOptions & { readonly momentum?: number } = {},
): Promise<void> {
  for (const { buffer, value, momentum } of await observe(network, images, options)) {
    blend(buffer, value, options.momentum ?? momentum);
  }
}

/**
 * Replaces the running statistics of every normalisation layer by their mean over the first `batches` batches, as TE-NAS's
 * `recal_bn` does. Where `batches` is 0, the default, all batches are taken; TE-NAS's function takes none then, and leaves
 * statistics of mean 0 and variance 0, with which no network computes anything.
 *
 * @throws InputError when the loader gives no batch, or `batches` is not an integer ≥ 0.
 */
export async function recalibrateBatchNorm(
  network: Module,
  loader: Iterable<ImageBatch>,
  batches = 0,
  options: StatisticsOptions = {},
): Promise<void> {
  if (!Number.isInteger(batches) || batches < 0) {
    throw new InputError(`recalibrateBatchNorm: batches: expected an integer ≥ 0, got ${formatValue(batches)}`);
  }
  const seenBy = new Map<Buffer, number>();
  let seen = 0;
  for (const { images } of loader) {
    seen += 1;
    for (const { buffer, value } of await observe(network, images, options)) {
      // The k-th value enters with weight 1/k: the result is the plain mean, and nothing of the old value stays.
      const count = (seenBy.get(buffer) ?? 0) + 1;
      seenBy.set(buffer, count);
      blend(buffer, value, 1 / count);
    }
    if (seen === batches) break;
  }
  if (seen === 0) throw new InputError('recalibrateBatchNorm: expected at least one batch, got an empty loader');
}

/** What the running statistics see of a batch, computed. */
async function observe(
  network: Module,
  images: NDArray,
  options: StatisticsOptions,
): Promise<(Observation & { readonly value: NDArray })[]> {
  const backend = options.backend ?? (await defaultBackend(options.dtype));
  const dtype = precisionOf(backend, options.dtype);
  const trace = new Trace(network, images.shape, { mode: 'train', dtype });
  const { observations } = trace;
  const program = await Program.compile(
    observations.map(({ statistic }) => statistic()),
    { backend },
  );
  try {
    await program.bind(new Map([...trace.variables(), [trace.x, cast(images, dtype)]]));
    const values = await program.run();
    return observations.map((observation, i) => ({ ...observation, value: values[i] }));
  } finally {
    program.dispose();
  }
}

function blend(buffer: Buffer, batch: NDArray, momentum: number): void {
  const { data } = buffer.value;
  const blended = Float64Array.from(data, (old, i) => (1 - momentum) * old + momentum * batch.data[i]);
  buffer.value = { shape: buffer.shape, dtype: 'float64', data: blended };
}
