import { cellNetwork, initialize, type Mode, type Module, parseCase, parseGenotype, TE_NAS_SCHEMES } from 'ntkit/nn';
import { Generator, InputError, type NDArray, ndarray } from 'ntkit/tensor';
import * as v from 'valibot';

/** The network and images that a client sends. */
export interface Problem {
  readonly network: Module;
  /** [N, C, H, W] */
  readonly images: NDArray;
  readonly mode: Mode;
}

/** A body that is of neither supported type. */
export class MediaTypeError extends Error {}

const integer = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

/** An architecture with seeded weights, and images. The bounds are the service's: what they allow takes seconds at most. */
const schema = v.strictObject({
  arch: v.string(),
  channels: v.optional(integer(1, 64), 16),
  cells: v.optional(integer(1, 5), 1),
  classes: v.optional(integer(1, 1000), 10),
  init: v.optional(v.picklist(['paper', 'code']), 'paper'),
  seed: v.optional(integer(0, Number.MAX_SAFE_INTEGER), 0),
  mode: v.optional(v.picklist(['train', 'eval']), 'train'),
  images: v.strictObject({
    /** [N, 3, H, W] */
    shape: v.strictTuple([integer(1, 256), v.literal(3), integer(1, 64), integer(1, 64)]),
    /** Numbers in float32, little-endian, row-major, in Base64. */
    data: v.pipe(v.string(), v.base64()),
  }),
});

/**
 * Reads a request's body: a case file (`application/octet-stream`), which holds the network, its weights and its images,
 * or JSON (`application/json`).
 *
 * @throws NtkitError of one line when something in it is not as expected; MediaTypeError.
 */
export function parseProblem(type: string | undefined, body: Uint8Array): Problem {
  const media = type?.split(';')[0].trim();
  if (media === 'application/json') return fromJson(parseJson(body));
  if (media !== 'application/octet-stream') {
    throw new MediaTypeError('expected a body of type application/json or application/octet-stream');
  }
  const { network, input, mode } = parseCase(body, 'body');
  return { network, images: input, mode };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    throw new InputError('body: expected JSON', { cause: error });
  }
}

function fromJson(json: unknown): Problem {
  const { success, output, issues } = v.safeParse(schema, json);
  if (!success) throw new InputError(`body: ${lineOf(issues[0])}`);
  const { arch, channels, cells, classes, init, seed, mode, images } = output;
  const network = cellNetwork(parseGenotype(arch), { channels, cells, classes, depth: -1, useStem: true });
  initialize(network, TE_NAS_SCHEMES[init], new Generator(seed));
  return { network, images: ndarray(numbers(images.data), images.shape, 'float32'), mode };
}

function lineOf(issue: v.BaseIssue<unknown>): string {
  const { expected, message, received } = issue;
  const path = v.getDotPath(issue);
  const where = path === null ? '' : `${path}: `;
  if (expected === 'never') return `${where}no such field`;
  return received === 'undefined' ? `${where}missing` : `${where}expected ${expected ?? message}, got ${received}`;
}

function numbers(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64')); // a copy, so that it is aligned for float32
  if (bytes.byteLength % 4 !== 0) {
    throw new InputError(`images: data: expected a multiple of 4 bytes, got ${bytes.byteLength}`);
  }
  return new Float32Array(bytes.buffer);
}
