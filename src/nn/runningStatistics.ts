import {
  type Backend,
  cast,
  channelStatistics,
  type DType,
  InputError,
  type NDArray,
  Program,
  referenceBackend,
  scale,
} from '../tensor/index.ts';
import { BatchNorm2d } from './layers.ts';
import type { Module, Variable } from './module.ts';
import { Trace } from './trace.ts';

/** A batch as loaders give it: images [N, C, H, W]. */
export interface ImageBatch {
  readonly images: NDArray;
}

/** PyTorch's momentum of running statistics. */
export const BATCH_NORM_MOMENTUM = 0.1;

/** Where the forward passes run. */
export interface StatisticsOptions {
  readonly backend?: Backend;
  readonly dtype?: DType;
}

/**
 * Moves the running statistics of every batch norm towards those of one batch, as a forward pass in PyTorch's train
 * mode does: r ← (1 − momentum)·r + momentum·batch, the variance unbiased (divided by m − 1).
 */
export async function updateRunningStatistics(
  network: Module,
  { images }: ImageBatch,
  options: StatisticsOptions & { readonly momentum?: number } = {},
): Promise<void> {
  const { backend = referenceBackend, dtype = 'float64', momentum = BATCH_NORM_MOMENTUM } = options;
  const trace = new Trace(network, images.shape, { mode: 'train', dtype });
  const statistics = trace.calls.flatMap(({ module, input }) => {
    if (!(module instanceof BatchNorm2d)) return [];
    const [n, , h, w] = input.shape.slice(-4);
    const { mean, variance } = channelStatistics(input);
    const unbiased = scale(variance, (n * h * w) / (n * h * w - 1));
    return [
      { variable: module.runningMean, of: mean },
      { variable: module.runningVariance, of: unbiased },
    ];
  });
  const program = await Program.compile(
    statistics.map(({ of }) => of),
    { backend },
  );
  try {
    await program.bind(new Map([...trace.variables(), [trace.x, cast(images, dtype)]]));
    const values = await program.run();
    statistics.forEach(({ variable }, i) => blend(variable, values[i], momentum));
  } finally {
    program.dispose();
  }
}

/**
 * Replaces the running statistics of every batch norm by their mean over the first `batches` batches (all when it is 0),
 * as the seed's `recal_bn` does.
 *
 * @throws InputError when the loader gives no batch.
 */
export async function recalibrateBatchNorm(
  network: Module,
  loader: Iterable<ImageBatch>,
  batches = 0,
  options: StatisticsOptions = {},
): Promise<void> {
  let seen = 0;
  for (const batch of loader) {
    seen += 1;
    // The k-th batch enters with weight 1/k: the result is the plain mean, and nothing of the old value stays.
    await updateRunningStatistics(network, batch, { ...options, momentum: 1 / seen });
    if (seen === batches) break;
  }
  if (seen === 0) throw new InputError('recalibrateBatchNorm: expected at least one batch, got an empty loader');
}

function blend(variable: Variable, batch: NDArray, momentum: number): void {
  const { data } = variable.value;
  const blended = Float64Array.from(data, (old, i) => (1 - momentum) * old + momentum * batch.data[i]);
  variable.value = { shape: variable.shape, dtype: 'float64', data: blended };
}
