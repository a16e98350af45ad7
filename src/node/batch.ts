import { batchWithChannels, decodeNpy, type NpyArray } from '../data/index.ts';
import { checkBatch, parseSafetensors } from '../nn/index.ts';
import { repeatBatches } from '../search/index.ts';
import { InputError, type NDArray } from '../tensor/index.ts';
import { readBytes } from './readFile.ts';
import { openImages } from './source.ts';

/** What a batch is for, and how large it is where the source does not say. */
export interface BatchRequest {
  readonly samples: number;
  readonly seed: number;
  /** The input channels of the network, to which grey images are repeated; none where it takes no images. */
  readonly channels?: number;
  /** Told when they are, in a line. */
  readonly onNotice?: (line: string) => void;
}

/**
 * A batch of images [N, C, H, W] from what a command line names: an `.npy` file (`.npy.gz` too), whose array is the batch
 * (bytes are scaled to [0, 1]); a `.safetensors` file, whose tensor `input` is; or a data source as {@link openImages} takes
 * it, of which `samples` random images are taken.
 *
 * @param option names what asks for it in messages.
 * @throws InputError when it cannot be read, or its images do not fit the network.
 *
 * @example
 * await writeAtomically(`${folder}/grey.npy`, encodeNpy({ shape: [2, 1, 1, 2], data: Uint8Array.of(0, 255, 255, 0) }));
 * const batch = await loadBatch('--images', `${folder}/grey.npy`, { samples: 2, seed: 0, channels: 3 });
 * console.log(batch.shape, [...batch.data.subarray(0, 4)]); // [ 2, 3, 1, 2 ] [ 0, 1, 0, 1 ]
 */
export async function loadBatch(option: string, source: string, request: BatchRequest): Promise<NDArray> {
  const where = `${option} ${source}`;
  const { samples, seed, channels, onNotice } = request;
  const given = await readBatch(where, source);
  if (given === undefined) {
    if (channels === undefined)
      throw new InputError(`${where}: expected an .npy or .safetensors file, the network takes no images`);
    const images = await openImages(source, { seed, channels, ...(onNotice && { onNotice }) });
    const [batch] = repeatBatches(images, samples, 1, seed);
    return batch;
  }
  const batch = channels === undefined ? given : batchWithChannels(where, given, channels);
  if (batch.data !== given.data) onNotice?.(`${where}: grey images, repeated to the network's ${channels} channels`);
  checkBatch(batch, where);
  return batch;
}

/** The batch that a file is, or undefined when the text names no such file. */
async function readBatch(where: string, source: string): Promise<NDArray | undefined> {
  if (/\.npy(\.gz)?$/.test(source) && !source.startsWith('npy:')) {
    return batchOf(decodeNpy(await readBytes('npy', source)));
  }
  if (!source.endsWith('.safetensors')) return undefined;
  const { bytes } = await readBytes('safetensors', source);
  const input = parseSafetensors(bytes, source).tensors.get('input');
  if (input === undefined) throw new InputError(`${where}: expected a tensor named input, got none`);
  return input;
}

/** Bytes as in a data set, numbers of single precision as they are, all others in double precision, which holds them. */
function batchOf({ shape, dtype, data }: NpyArray): NDArray {
  if (dtype === 'uint8') return { shape, dtype: 'float32', data: Float32Array.from(data, (byte) => byte / 255) };
  if (data instanceof Float32Array) return { shape, dtype: 'float32', data };
  return { shape, dtype: 'float64', data: Float64Array.from(data) };
}
