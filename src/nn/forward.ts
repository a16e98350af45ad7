import { checkRunOptions } from '../abort.ts';
import type { RunOptions } from '../progress.ts';
import {
  type Backend,
  cast,
  defaultBackend,
  type DType,
  evaluate,
  type NDArray,
  precisionOf,
} from '../tensor/index.ts';
import { checkBatchInTurns } from './checkBatch.ts';
import { checkModule, type Module } from './module.ts';
import { type Mode, Trace } from './trace.ts';

/** How a network is applied, and where. */
export interface ForwardOptions extends RunOptions {
  /** How batch norm normalises; `eval` by default. */
  readonly mode?: Mode | undefined;
  /** Where it is computed; `defaultBackend` by default. */
  readonly backend?: Backend | undefined;
  /** The backend's own precision by default. */
  readonly dtype?: DType | undefined;
}

/**
 * The outputs of a network for a batch, with its present parameters. Running statistics stay as they are.
 *
 * @param x [N, …], samples first
 * @returns [N, …]
 * @throws InputError when x holds NaN or infinity or a parameter has no value, ShapeError when x does not fit the network,
 * BackendError when the backend lacks the precision.
 *
 * @example
 * const logits = await forward(network, images, { mode: 'train' });
 * console.log(logits.shape); // [ 4, 3 ]
 */
export async function forward(network: Module, x: NDArray, options: ForwardOptions = {}): Promise<NDArray> {
  checkRunOptions('forward', options, ['mode', 'backend', 'dtype', 'signal', 'onProgress']);
  checkModule('forward: network', network);
  const { mode = 'eval', signal, onProgress } = options;
  await checkBatchInTurns(x, 'forward', undefined, signal);
  const backend = options.backend ?? (await defaultBackend(options.dtype));
  const dtype = precisionOf(backend, options.dtype);
  const trace = new Trace(network, x.shape, { mode, dtype });
  const feeds = new Map([...trace.variables(), [trace.x, cast(x, dtype)]]);
  const [y] = await evaluate([trace.y], feeds, backend, { signal });
  onProgress?.({ done: 1, of: 1, stage: 'forward' });
  return y;
}
