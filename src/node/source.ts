import { type Dataset, SyntheticDataset, type SyntheticOptions } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { loadCifar10, loadIdx, loadNpy } from './imageFiles.ts';
import { loadSample, loadSample1000 } from './sample.ts';

/** Sources that are read from a path. */
const FROM_PATH: Readonly<Record<string, (path: string) => Promise<Dataset>>> = {
  cifar10: loadCifar10,
  npy: loadNpy,
  idx: loadIdx,
};

/** Sources that need none. */
const WITHOUT_PATH: Readonly<Record<string, (options: SyntheticOptions) => Promise<Dataset>>> = {
  sample: loadSample,
  'sample-1000': loadSample1000,
  synthetic: (options) => Promise.resolve(new SyntheticDataset(options)),
};

/**
 * Opens the data set that a command line names: `cifar10:PATH` (file or folder), `npy:FILE`, `idx:FILE`, `sample`,
 * `sample-1000` or `synthetic`.
 *
 * @param options seed, length and shape of `synthetic`.
 * @throws InputError when the text names no source, or its data cannot be read.
 */
export async function openDataset(spec: string, options: SyntheticOptions = {}): Promise<Dataset> {
  const colon = spec.indexOf(':');
  const kind = colon < 0 ? spec : spec.slice(0, colon);
  const path = colon < 0 ? '' : spec.slice(colon + 1);
  if (Object.hasOwn(FROM_PATH, kind)) {
    if (path === '') throw new InputError(`data: ${kind} without a path, expected ${kind}:PATH, got '${spec}'`);
    return FROM_PATH[kind](path);
  }
  if (!Object.hasOwn(WITHOUT_PATH, kind)) {
    throw new InputError(
      `data: unknown source, expected cifar10:PATH, npy:FILE, idx:FILE, sample, sample-1000 or synthetic, got '${spec}'`,
    );
  }
  if (colon >= 0) throw new InputError(`data: ${kind} takes no path, expected '${kind}', got '${spec}'`);
  return WITHOUT_PATH[kind](options);
}
