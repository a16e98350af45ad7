import { checkRunOptions } from '../abort.ts';
import type { RunOptions } from '../progress.ts';
import { checkIterable, formatValue } from '../check.ts';
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
import { checkBatchInTurns } from './checkBatch.ts';
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
export interface StatisticsOptions extends RunOptions {
  /** `defaultBackend` by default. */
  readonly backend?: Backend | undefined;
  /** The backend's own precision by default. */
  readonly dtype?: DType | undefined;
}

const STATISTICS_OPTIONS = ['backend', 'dtype', 'signal', 'onProgress'] as const;

/**
 * Moves the running statistics of every normalisation layer towards those of one batch, as a forward pass in PyTorch's
 * train mode does: r ← (1 − momentum)·r + momentum·batch, the variance unbiased (divided by m − 1).
 *
 * @param options.momentum one for all layers; by default each layer's own.
 *
 * @example
 * const norm = new BatchNorm1d(1);
 * await updateRunningStatistics(norm, { images: ndarray([0, 2], [2, 1]) }, { momentum: 0.5 });
 * console.log([...stateDict(norm).get('running_mean')!.data]); // [ 0.5 ]
 */
export async function updateRunningStatistics(
  network: Module,
  batch: ImageBatch,
  options: StatisticsOptions & { readonly momentum?: number } = {},
): Promise<void> {
  checkRunOptions('updateRunningStatistics', options, ['momentum', ...STATISTICS_OPTIONS]);
  const { momentum: all, ...rest } = options;
  if (all !== undefined && !(all >= 0 && all <= 1)) {
    throw new InputError(`updateRunningStatistics: momentum: expected a number from 0 to 1, got ${formatValue(all)}`);
  }
  for (const { buffer, value, momentum } of await observe(network, batch, rest)) {
    buffer.value = blend(buffer.value, value, all ?? momentum);
  }
  options.onProgress?.({ done: 1, of: 1, stage: 'batches' });
}

/**
 * Replaces the running statistics of every normalisation layer by their mean over the first `batches` batches, as TE-NAS's
 * `recal_bn` does. Where `batches` is 0, the default, all batches are taken; TE-NAS's function takes none then, and leaves
 * statistics of mean 0 and variance 0, with which no network computes anything.
 *
 * @throws InputError when the loader gives no batch, or `batches` is not an integer ≥ 0; the signal's reason when it is
 * aborted. Nothing is changed then.
 *
 * @example
 * const norm = new BatchNorm1d(1);
 * const loader = [{ images: ndarray([0, 2], [2, 1]) }, { images: ndarray([4, 6], [2, 1]) }];
 * await recalibrateBatchNorm(norm, loader);
 * console.log([...stateDict(norm).get('running_mean')!.data]); // [ 3 ]
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
  checkRunOptions('recalibrateBatchNorm', options, STATISTICS_OPTIONS);
  checkIterable('recalibrateBatchNorm: loader', loader);
  const means = new Map<Buffer, { readonly value: NDArray; readonly count: number }>();
  const taken: ImageBatch[] = [];
  for (const batch of loader) if (taken.push(batch) === batches) break;
  if (taken.length === 0)
    throw new InputError('recalibrateBatchNorm: expected at least one batch, got an empty loader');
  for (const [i, batch] of taken.entries()) {
    for (const { buffer, value } of await observe(network, batch, options)) {
      // The k-th value enters with weight 1/k: the result is the plain mean, and nothing of the old value stays.
      const before = means.get(buffer) ?? { value: buffer.value, count: 0 };
      const count = before.count + 1;
      means.set(buffer, { value: blend(before.value, value, 1 / count), count });
    }
    options.onProgress?.({ done: i + 1, of: taken.length, stage: 'batches' });
  }
  // All at the end: a recalibration that fails or is aborted changes nothing.
  for (const [buffer, { value }] of means) buffer.value = value;
}

/** What the running statistics see of a batch, computed. */
async function observe(
  network: Module,
  batch: ImageBatch,
  options: StatisticsOptions,
): Promise<(Observation & { readonly value: NDArray })[]> {
  const { signal } = options;
  const { images } = Object(batch) as ImageBatch;
  await checkBatchInTurns(images, 'images', undefined, signal);
  const backend = options.backend ?? (await defaultBackend(options.dtype));
  const dtype = precisionOf(backend, options.dtype);
  const trace = new Trace(network, images.shape, { mode: 'train', dtype });
  const { observations } = trace;
  const program = await Program.compile(
    observations.map(({ statistic }) => statistic()),
    { backend, signal },
  );
  try {
    await program.bind(new Map([...trace.variables(), [trace.x, cast(images, dtype)]]), signal);
    const values = await program.run(undefined, signal);
    return observations.map((observation, i) => ({ ...observation, value: values[i] }));
  } finally {
    program.dispose();
  }
}

/** (1 − momentum)·old + momentum·batch. */
function blend({ shape, data }: NDArray, batch: NDArray, momentum: number): NDArray {
  const blended = Float64Array.from(data, (old, i) => (1 - momentum) * old + momentum * batch.data[i]);
  return { shape, dtype: 'float64', data: blended };
}
