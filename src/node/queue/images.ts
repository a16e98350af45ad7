import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import * as v from 'valibot';
import { ArrayDataset, type Dataset, type Pixels, SyntheticDataset } from '../../data/index.ts';
import { InputError } from '../../errors.ts';
import { parseJson, validated } from '../../search/validate.ts';

// Images travel with the jobs, or are known by their digest alone. What a sweep draws of them would be less (1.5 MB a
// sweep of 3 batches of 32), but a search draws others for every candidate: the whole set, once for all jobs and once for
// every worker, is less than that (3 MB of sample-1000). A set that is too large to be sent a thousand times, the worker
// has to have.

/** The largest set that is sent, in bytes of pixels. */
export const LARGEST_SENT = 2 ** 26;

/** How long a server keeps images that nobody asks for, in seconds. */
const KEPT = 7 * 86_400;

const count = v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1'));
const numbers = v.array(v.pipe(v.number(), v.finite('a finite number')));

/** What images are, beside their pixels. Nothing here depends on where they are from. */
const DESCRIPTION = v.variant('kind', [
  v.strictObject({
    kind: v.literal('synthetic'),
    seed: v.pipe(v.number(), v.integer('a whole number')),
    length: count,
    shape: v.tuple([count, count, count]),
  }),
  v.strictObject({
    kind: v.literal('pixels'),
    type: v.picklist(['bytes', 'floats']),
    length: count,
    shape: v.array(count),
    normalization: v.nullable(v.strictObject({ mean: numbers, std: numbers })),
  }),
]);

type Description = v.InferOutput<typeof DESCRIPTION>;

/** A set of images by what measurements see of it: names and labels are not part of it. */
export interface DescribedImages {
  /** SHA-256 of the description and the pixels. */
  readonly digest: string;
  readonly description: Description;
  readonly dataset: Dataset;
}

/** Describes images, which takes reading all of them. */
export function describeImages(dataset: Dataset): DescribedImages {
  const description = descriptionOf(dataset);
  const hash = createHash('sha256').update(JSON.stringify(description));
  if (description.kind === 'pixels') {
    for (let i = 0; i < dataset.length; i++) hash.update(bytesOf(dataset.get(i).image.data));
  }
  return { digest: hash.digest('hex'), description, dataset };
}

function descriptionOf(dataset: Dataset): Description {
  const { length, shape, normalization } = dataset;
  if (dataset instanceof SyntheticDataset) {
    const [channels, height, width] = dataset.shape;
    return { kind: 'synthetic', seed: dataset.seed, length, shape: [channels, height, width] };
  }
  const type = dataset.get(0).image.data instanceof Uint8Array ? 'bytes' : 'floats';
  return { kind: 'pixels', type, length, shape: [...shape], normalization: normalized(normalization) };
}

const normalized = (constants: Dataset['normalization']) =>
  constants === undefined ? null : { mean: [...constants.mean], std: [...constants.std] };

const bytesOf = (pixels: Pixels) => new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);

const keyOf = (prefix: string, digest: string) => `${prefix}:images:${digest}`;

/** How many bytes of pixels a description is of; none where they are drawn. */
function sizeOf(description: Description): number {
  if (description.kind === 'synthetic') return 0;
  const each = description.shape.reduce((size, extent) => size * extent, description.type === 'bytes' ? 1 : 4);
  return each * description.length;
}

/**
 * Puts images on the server, unless it has them or they are too large to be sent.
 *
 * @returns whether they are on the server: workers then need no images of their own.
 */
export async function putImages(redis: Redis, prefix: string, images: DescribedImages): Promise<boolean> {
  const { digest, description, dataset } = images;
  const size = sizeOf(description);
  if (size > LARGEST_SENT) return false;
  const key = keyOf(prefix, digest);
  if ((await redis.expire(key, KEPT)) === 1) return true;
  const pixels = Buffer.alloc(size);
  if (size > 0) {
    for (let i = 0; i < dataset.length; i++)
      pixels.set(bytesOf(dataset.get(i).image.data), (i * size) / dataset.length);
  }
  await redis
    .multi()
    .hset(key, { description: JSON.stringify(description), pixels })
    .expire(key, KEPT)
    .exec();
  return true;
}

/**
 * Images from the server.
 *
 * @returns undefined when it has none of that digest.
 * @throws InputError when what it has is of another digest.
 */
export async function getImages(redis: Redis, prefix: string, digest: string): Promise<Dataset | undefined> {
  const found = await redis.hgetallBuffer(keyOf(prefix, digest));
  if (found['description'] === undefined) return undefined;
  const where = `queue: images ${digest.slice(0, 12)}`;
  const description = validated(DESCRIPTION, parseJson(found['description'].toString(), where), where);
  if (description.kind === 'pixels' && found['pixels']?.length !== sizeOf(description)) {
    throw new InputError(`${where}: expected ${sizeOf(description)} bytes, got ${found['pixels']?.length ?? 0}`);
  }
  const dataset = datasetOf(description, found['pixels'], where);
  if (describeImages(dataset).digest !== digest) {
    throw new InputError(`${where}: expected images with that digest, got different ones`);
  }
  return dataset;
}

function datasetOf(description: Description, bytes: Buffer, name: string): Dataset {
  if (description.kind === 'synthetic') return new SyntheticDataset(description);
  const { shape, normalization, type } = description;
  const copy = Uint8Array.from(bytes); // aligned, and no part of a larger buffer
  const images = type === 'bytes' ? copy : new Float32Array(copy.buffer);
  return new ArrayDataset({ name, images, shape, ...(normalization && { normalization }) });
}
