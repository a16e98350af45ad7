import { oneOf } from '../check.ts';
import { formatShape, InputError, type NDArray } from '../tensor/index.ts';
import { checkBatch } from './checkBatch.ts';
import { buildNetwork } from './config.ts';
import type { Module } from './module.ts';
import { parseSafetensors } from './safetensors.ts';
import { loadStateDict } from './stateDict.ts';
import type { Mode } from './trace.ts';

/**
 * A network of a case may have this many operations, and as many again for every tensor in the file: those with parameters
 * have a tensor at least, and most cells have some, so that only a configuration that lies asks for more.
 */
const FREE_OPERATIONS = 10_000;
const OPERATIONS_A_TENSOR = 10;

/** A network with its weights and a batch, as one file holds them. */
export interface NetworkCase {
  readonly name: string;
  readonly mode: Mode;
  readonly network: Module;
  /** The batch, [N, C, H, W]. */
  readonly input: NDArray;
  /** All strings of the file, among them expected figures. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The tensors `expected.…`, without the prefix. */
  readonly expected: ReadonlyMap<string, NDArray>;
}

/** A network with its weights and several batches. */
export interface BatchesCase extends Omit<NetworkCase, 'input'> {
  /** Each [N, C, H, W], all of one shape. */
  readonly batches: readonly NDArray[];
}

/**
 * Reads a case: a safetensors file whose metadata hold `name`, `config` (JSON, see {@link buildNetwork}) and `mode`, and
 * whose tensors are `input` and `state.<PyTorch name>`.
 *
 * @param source names the file in messages.
 * @throws InputError when the file is not such a case.
 *
 * @example
 * const config = { name: 'infer.tiny', C: 4, N: 1, num_classes: 10, arch_str: WELL_KNOWN_CELLS['ResNet block'] };
 * const trained = buildNetwork(config);
 * initialize(trained, pytorchDefault, generator);
 * const state = [...stateDict(trained)].map(([name, value]) => [`state.${name}`, value] as const);
 * const bytes = encodeSafetensors({
 *   metadata: { name: 'ResNet block', config: JSON.stringify(config), mode: 'train' },
 *   tensors: new Map([['input', generator.normals([2, 3, 8, 8])], ...state]),
 * });
 * const { name, network, input } = parseCase(bytes, 'block.safetensors');
 * console.log(name, (await forward(network, input)).shape); // ResNet block [ 2, 10 ]
 */
export function parseCase(bytes: Uint8Array, source: string): NetworkCase {
  const read = readCase(bytes, source);
  checkImages(read.input, `${source}: input`);
  return read;
}

/**
 * Reads a case whose `input` is one batch, [N, C, H, W], or several, [batches, N, C, H, W].
 *
 * @param source names the file in messages.
 * @throws InputError when the file is not such a case.
 *
 * @example
 * const config = { name: 'infer.tiny', C: 4, N: 1, num_classes: 10, arch_str: WELL_KNOWN_CELLS['ResNet block'] };
 * const trained = buildNetwork(config);
 * initialize(trained, pytorchDefault, generator);
 * const state = [...stateDict(trained)].map(([name, value]) => [`state.${name}`, value] as const);
 * const bytes = encodeSafetensors({
 *   metadata: { name: 'ResNet block', config: JSON.stringify(config), mode: 'train' },
 *   tensors: new Map([['input', generator.normals([3, 2, 3, 8, 8])], ...state]), // three batches of two images
 * });
 * const { batches } = parseBatchesCase(bytes, 'block.safetensors');
 * console.log(batches.length, batches[0].shape); // 3 [ 2, 3, 8, 8 ]
 */
export function parseBatchesCase(bytes: Uint8Array, source: string): BatchesCase {
  const { input, ...rest } = readCase(bytes, source);
  const { shape, dtype, data } = input;
  if (shape.length !== 5 || shape[0] === 0) {
    checkImages(input, `${source}: input`);
    return { ...rest, batches: [input] };
  }
  const size = data.length / shape[0];
  const batches = Array.from({ length: shape[0] }, (_, i) => {
    const batch: NDArray = { shape: shape.slice(1), dtype, data: data.slice(i * size, (i + 1) * size) };
    checkImages(batch, `${source}: input: batch ${i}`);
    return batch;
  });
  return { ...rest, batches };
}

function readCase(bytes: Uint8Array, source: string): NetworkCase {
  const { metadata, tensors } = parseSafetensors(bytes, source);
  const { name, config } = metadata;
  const input = tensors.get('input');
  const missing = [
    ...['name', 'config', 'mode'].filter((key) => metadata[key] === undefined).map((key) => `metadata ${key}`),
    ...(input === undefined ? ['tensor input'] : []),
  ];
  if (input === undefined || missing.length > 0) {
    throw new InputError(
      `${source}: not a case, ${missing.join(', ')} missing: expected a safetensors file with metadata name, config and ` +
        `mode, a tensor input and tensors state.NAME; docs/pytorch.md shows how to write one`,
    );
  }
  const mode = oneOf(`${source}: mode`, metadata.mode, ['train', 'eval']);
  const where = `${source}: config`;
  const network = buildNetwork(parseJson(config, where), where, FREE_OPERATIONS + OPERATIONS_A_TENSOR * tensors.size);
  loadStateDict(network, withPrefix(tensors, 'state.'), `${source}: state`);
  return { name, mode, network, input, metadata, expected: withPrefix(tensors, 'expected.') };
}

/**
 * Makes sure that an array is a batch of images that can be computed with.
 *
 * @throws InputError when it is not [N, C, H, W] with N ≥ 1, or holds NaN or infinity.
 *
 * @example
 * try {
 *   checkImages(generator.normals([4, 3, 32]), 'batch');
 * } catch (error) {
 *   console.log(String(error)); // InputError: batch: expected images of shape [N, C, H, W], none empty, got [4, 3, 32]
 * }
 */
export function checkImages(images: NDArray, where: string): void {
  const { shape } = images;
  if (shape.length !== 4 || shape.includes(0)) {
    throw new InputError(`${where}: expected images of shape [N, C, H, W], none empty, got ${formatShape(shape)}`);
  }
  checkBatch(images, where);
}

function withPrefix(tensors: ReadonlyMap<string, NDArray>, prefix: string): Map<string, NDArray> {
  return new Map(
    [...tensors].flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [])),
  );
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(`${where}: expected JSON, got ${text.slice(0, 60)}`);
  }
}
