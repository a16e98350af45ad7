import { basename } from 'node:path';
import { type Mode, type Module, parseCase } from '../nn/index.ts';
import { loadBatch, loadOnnx, readBytes } from '../node/index.ts';
import { Generator, InputError, type NDArray, type Shape } from '../tensor/index.ts';
import { notice } from './output.ts';

/** A network from a file. */
export interface NetworkFile {
  readonly name: string;
  readonly network: Module;
  /** The mode that the file asks for. */
  readonly mode: Mode;
  /** The batch that the file holds; none in an ONNX model. */
  readonly input: NDArray | undefined;
  /** The shape of one sample; undefined where the file leaves it open. */
  readonly sample: Shape | undefined;
}

/** What a command line says about a batch. */
export interface BatchOptions {
  readonly images?: string | undefined;
  readonly batchSize?: number | undefined;
  readonly seed: number;
}

/** Whether a path is that of an ONNX model. */
export const isOnnx = (path: string): boolean => path.toLowerCase().endsWith('.onnx');

/**
 * Reads a case or an ONNX model.
 *
 * @param output of the model, by name; the first by default.
 * @throws InputError when it is neither, or a case, which has one output, is asked for another.
 */
export async function readNetworkFile(path: string, output: string | undefined): Promise<NetworkFile> {
  if (!isOnnx(path)) {
    if (output !== undefined) throw new InputError(`--output ${output}: expected with an ONNX model, got ${path}`);
    const { name, network, mode, input } = parseCase((await readBytes('case', path)).bytes, path);
    return { name, network, mode, input, sample: input.shape.slice(1) };
  }
  const network = await loadOnnx(path, output === undefined ? {} : { output });
  const shape = network.inputs[0]?.shape?.slice(1);
  const sample = shape?.every((extent) => typeof extent === 'number') ? shape : undefined;
  return { name: basename(path, '.onnx'), network, mode: 'eval', input: undefined, sample };
}

/** The batch that the command line names, the file's own, or as many standard normal samples as are asked for. */
export async function batchOf(file: NetworkFile, { images, batchSize, seed }: BatchOptions): Promise<NDArray> {
  const { input, sample } = file;
  if (images !== undefined) {
    const batch = await loadBatch('--images', images, requestOf(file, batchSize ?? input?.shape[0] ?? 32, seed));
    return batchSize === undefined ? batch : firstOf(batch, batchSize);
  }
  if (input && (batchSize === undefined || batchSize === input.shape[0])) return input;
  if (batchSize === undefined) {
    throw new InputError(
      `${file.name}: the file holds no batch: expected --images, or --batch-size for a standard normal one`,
    );
  }
  if (sample === undefined) {
    throw new InputError(`--batch-size ${batchSize}: the file leaves the shape of a sample open: expected --images`);
  }
  return new Generator(seed).normals([batchSize, ...sample], { dtype: 'float32' });
}

/** What is asked of a source of batches for a network. */
export function requestOf({ sample }: NetworkFile, samples: number, seed: number) {
  // Images are what has three dimensions.
  return { samples, seed, onNotice: notice, ...(sample?.length === 3 && { channels: sample[0] }) };
}

/** The first samples of a batch. */
function firstOf({ shape: [n, ...sample], dtype, data }: NDArray, count: number): NDArray {
  const samples = Math.min(n, count);
  return { shape: [samples, ...sample], dtype, data: data.subarray(0, (data.length / n) * samples) };
}
