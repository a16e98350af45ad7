import { decodeNpy } from '../data/index.ts';
import { checkBatch, parseSafetensors } from '../nn/index.ts';
import { openDataset, readBytes } from '../node/index.ts';
import { cast, InputError, type NDArray } from '../tensor/index.ts';
import { repeatBatches } from '../search/index.ts';

/** What a batch is taken from and how large it is, where the source does not say. */
export interface BatchRequest {
  readonly samples: number;
  readonly seed: number;
}

/**
 * A batch from what a command line names: an `.npy` file, whose array is the batch (bytes are scaled to [0, 1]); a
 * `.safetensors` file, whose tensor `input` is; or a `--data` source, of which `samples` random images are taken.
 *
 * @throws InputError when it cannot be read.
 */
export async function loadBatch(option: string, source: string, request: BatchRequest): Promise<NDArray> {
  const batch = await readBatch(option, source, request);
  checkBatch(batch, `${option} ${source}`);
  return batch;
}

async function readBatch(option: string, source: string, { samples, seed }: BatchRequest): Promise<NDArray> {
  if (source.endsWith('.npy')) {
    const { shape, data } = decodeNpy(await readBytes('npy', source));
    if (data instanceof Uint8Array) {
      return { shape, dtype: 'float32', data: Float32Array.from(data, (byte) => byte / 255) };
    }
    return cast({ shape, dtype: data instanceof Float32Array ? 'float32' : 'float64', data }, 'float64');
  }
  if (source.endsWith('.safetensors')) {
    const { bytes } = await readBytes('safetensors', source);
    const input = parseSafetensors(bytes, source).tensors.get('input');
    if (input === undefined) throw new InputError(`${option} ${source}: expected a tensor named input, got none`);
    return input;
  }
  const [batch] = repeatBatches(await openDataset(source, { seed }), samples, 1, seed);
  return batch;
}
