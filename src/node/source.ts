import { oneOf } from '../check.ts';
import {
  CIFAR100_LABELS,
  type Cifar100Labels,
  type Dataset,
  type Layout,
  LAYOUTS,
  type Normalization,
  NORMALIZATIONS,
  repeatChannels,
  SyntheticDataset,
  type SyntheticOptions,
} from '../data/index.ts';
import { InputError } from '../errors.ts';
import { loadCifar10, loadCifar100, loadIdx, loadNpy, loadNpz } from './imageFiles.ts';
import { loadSample, loadSample1000 } from './sample.ts';

/** What a source says beside its path. */
interface Choices {
  readonly array?: string;
  readonly normalization?: Normalization | null;
  readonly layout?: Layout;
  readonly labels?: Cifar100Labels;
}

interface FileSource {
  /** What it calls its path. */
  readonly path: 'PATH' | 'FILE';
  readonly keys: readonly string[];
  load(path: string, choices: Choices): Promise<Dataset>;
}

/** Sources that are read from a path. */
const FROM_PATH: Readonly<Record<string, FileSource>> = {
  cifar10: { path: 'PATH', keys: ['normalize'], load: loadCifar10 },
  cifar100: { path: 'PATH', keys: ['normalize', 'labels'], load: loadCifar100 },
  npy: { path: 'FILE', keys: ['normalize', 'layout'], load: loadNpy },
  npz: { path: 'FILE', keys: ['normalize', 'layout'], load: loadNpz },
  idx: { path: 'FILE', keys: ['normalize'], load: (path, choices) => loadIdx(path, undefined, choices) },
};

/** Sources that need none. */
const WITHOUT_PATH: Readonly<Record<string, (options: SyntheticOptions) => Promise<Dataset>>> = {
  sample: loadSample,
  'sample-1000': loadSample1000,
  synthetic: (options) => Promise.resolve(new SyntheticDataset(options)),
};

const SOURCES =
  Object.entries(FROM_PATH)
    .map(([kind, { path }]) => `${kind}:${path}`)
    .join(', ') + ', sample, sample-1000 or synthetic';

/**
 * Opens the data set that a command line names: `cifar10:PATH` or `cifar100:PATH` (file or folder), `npy:FILE`, `npz:FILE`
 * or `npz:FILE#ARRAY`, `idx:FILE`, `sample`, `sample-1000` or `synthetic`. A path may be followed by choices:
 *
 * - `?normalize=cifar10`, `cifar100`, `imagenet16`, `mnist` or `none`: how batches are normalised;
 * - `?layout=nhwc` or `nchw`: where an array's channels are;
 * - `?labels=coarse` or `fine`: the labels of CIFAR-100.
 *
 * @param options seed, length and shape of `synthetic`.
 * @throws InputError when the text names no source, or its data cannot be read.
 *
 * @example
 * const sample = await openDataset('sample');
 * await writeAtomically(`${folder}/digits.npz`, npz);
 * const digits = await openDataset(`npz:${folder}/digits.npz?normalize=mnist#x`);
 * console.log(sample.shape, digits.shape); // [ 3, 32, 32 ] [ 1, 2, 2 ]
 */
export async function openDataset(spec: string, options: SyntheticOptions = {}): Promise<Dataset> {
  const colon = spec.indexOf(':');
  const kind = colon < 0 ? spec : spec.slice(0, colon);
  if (Object.hasOwn(FROM_PATH, kind)) {
    const source = FROM_PATH[kind];
    const { path, choices } = parseChoices(colon < 0 ? '' : spec.slice(colon + 1), kind, source.keys);
    if (path === '') {
      throw new InputError(`data: ${kind} without a path, expected ${kind}:${source.path}, got '${spec}'`);
    }
    return source.load(path, choices);
  }
  if (!Object.hasOwn(WITHOUT_PATH, kind)) {
    throw new InputError(`data: unknown source, expected ${SOURCES}, got '${spec}'`);
  }
  if (colon >= 0) throw new InputError(`data: ${kind} takes no path, expected '${kind}', got '${spec}'`);
  return WITHOUT_PATH[kind](options);
}

/** What a network asks of images, beside where they are from. */
export interface ImagesOptions extends SyntheticOptions {
  /** The network's input channels. */
  readonly channels: number;
  /** Told when grey images are repeated to them, in a line. */
  readonly onNotice?: (line: string) => void;
}

/**
 * As {@link openDataset}, images for a network of `channels` input channels: grey ones are repeated to them.
 *
 * @throws InputError also when they have another number of channels, or are vectors.
 *
 * @example
 * await writeAtomically(`${folder}/digits.npz`, npz); // grey
 * const digits = await openImages(`npz:${folder}/digits.npz#x`, { channels: 3 });
 * console.log(digits.shape); // [ 3, 2, 2 ]
 */
export async function openImages(spec: string, { channels, onNotice, ...options }: ImagesOptions): Promise<Dataset> {
  const dataset = await openDataset(spec, options);
  const images = repeatChannels(dataset, channels);
  if (images !== dataset) onNotice?.(`${dataset.name}: grey images, repeated to the network's ${channels} channels`);
  return images;
}

/**
 * A path and the name of an array after `#`. A name may have any sign when the path ends as archives do; in other paths a `#`
 * that a `/`, another or `.npz` follows is part of the path.
 */
function splitArray(text: string): readonly [path: string, array?: string] {
  const [, path, array] =
    /^(.*?\.npz(?:\.gz)?(?:\?[^#]*)?)#(.+)$/s.exec(text) ?? /^(.*?)#(?![^#/]*\.npz\b)([^#/]+)$/s.exec(text) ?? [];
  return path === undefined ? [text] : [path, array];
}

function parseChoices(text: string, kind: string, keys: readonly string[]): { path: string; choices: Choices } {
  const [beforeArray, array] = kind === 'npz' ? splitArray(text) : [text];
  const [, path, query] = /^(.*?)(?:\?([a-z]+=[\w-]*(?:&[a-z]+=[\w-]*)*))?$/s.exec(beforeArray)!;
  const given = new Map(query?.split('&').map((each) => each.split('=') as [string, string]));
  for (const key of given.keys()) oneOf(`data: ${kind}: choice`, key, keys);
  const value = <T extends string>(key: string, values: readonly T[]) =>
    given.has(key) ? oneOf(`data: ${kind}: ${key}`, given.get(key), values) : undefined;
  const names = [...(Object.keys(NORMALIZATIONS) as (keyof typeof NORMALIZATIONS)[]), 'none' as const];
  const normalize = value('normalize', names);
  const layout = value('layout', LAYOUTS);
  const labels = value('labels', CIFAR100_LABELS);
  return {
    path,
    choices: {
      ...(array !== undefined && { array }),
      ...(normalize && { normalization: normalize === 'none' ? null : NORMALIZATIONS[normalize] }),
      ...(layout && { layout }),
      ...(labels && { labels }),
    },
  };
}
