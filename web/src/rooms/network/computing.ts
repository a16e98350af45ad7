import { computed, effect, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import type { KernelOutputs } from 'ntkit/ntk';
import { link } from '../../link.ts';
import { EXAMPLES } from './examples.ts';
import { state, update } from './link.ts';
import type { Details, Inventory, KernelRequest, KernelResult, NetworkFiles, Source } from './request.ts';
import type { NetworkWorker } from './worker.ts';

// What the room shows follows its link and the file that is open: whenever one changes, κ is computed anew, in the worker.

const worker = Comlink.wrap<NetworkWorker>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }));
void worker.start(new URL('data/cifar10-256.bin', document.baseURI).href);

/** The largest file that is read, bytes. */
const MOST_BYTES = 512e6;

/** What is open. */
export const inventory = signal<Inventory | undefined>(undefined);

/** The files of what is open. */
export const files = signal<NetworkFiles | undefined>(undefined);

/** Whether it is one that was dropped in, and not one of the page's. */
export const isOwn = signal(false);

/** Why a file could not be opened, in one line. */
export const fileFailure = signal<string | undefined>(undefined);

/** Why pictures could not be taken, in one line. */
export const imagesFailure = signal<string | undefined>(undefined);

/** What was dropped in place of images, in words. */
export const droppedImages = signal<string | undefined>(undefined);

/** Why there is no κ, in one line. */
export const failure = signal<string | undefined>(undefined);

export const result = signal<KernelResult | undefined>(undefined);

/** What follows κ. */
export const details = signal<Details | undefined>(undefined);

/** How much of the kernel's rows are there, from 0 to 1; undefined while nothing is computed. */
export const progress = signal<number | undefined>(undefined);

const dropCount = signal(0);

let asked = 0;

/** Opens files that were dropped, or one of the page's. What is no network leaves what is open as it is. */
export async function openFiles(chosen: readonly File[]): Promise<void> {
  const number = ++asked;
  // Weights may lie in files beside the model.
  const main = chosen.find(({ name }) => /\.(onnx|safetensors)$/i.test(name)) ?? chosen[0];
  const size = chosen.reduce((sum, file) => sum + file.size, 0);
  if (size > MOST_BYTES) {
    fileFailure.value = `${main.name}: expected at most ${MOST_BYTES / 1e6} MB, got ${Math.round(size / 1e6)} MB`;
    return;
  }
  try {
    const read = async (file: File) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
    const beside = await Promise.all(chosen.filter((file) => file !== main).map(read));
    await open({ ...(await read(main)), beside }, number, true);
  } catch (error) {
    if (number === asked) fileFailure.value = (error as Error).message;
  }
}

async function open(next: NetworkFiles, number: number, own: boolean): Promise<void> {
  const found = await worker.open(next);
  if (number !== asked) return;
  fileFailure.value = undefined;
  [result.value, details.value, failure.value] = [undefined, undefined, undefined];
  [files.value, isOwn.value] = [next, own];
  inventory.value = found;
}

/** Opens one of the page's networks. */
export async function openExample(name: string): Promise<void> {
  const number = ++asked;
  const { file } = EXAMPLES.find((example) => example.name === name) ?? EXAMPLES[0];
  try {
    const response = await fetch(new URL(`data/networks/${file}`, document.baseURI));
    if (!response.ok) throw new Error(`${file}: ${response.status} ${response.statusText}`);
    await open({ name: file, bytes: new Uint8Array(await response.arrayBuffer()), beside: [] }, number, false);
  } catch (error) {
    if (number === asked) fileFailure.value = (error as Error).message;
  }
}

/** Takes pictures or a batch in place of the page's images. */
export async function takeImages(chosen: readonly File[]): Promise<void> {
  try {
    const count = await worker.takeImages(chosen);
    imagesFailure.value = undefined;
    droppedImages.value = chosen.length === 1 ? chosen[0].name : `${count} pictures`;
    dropCount.value += 1;
    update({ images: 'dropped' });
  } catch (error) {
    imagesFailure.value = (error as Error).message;
  }
}

/** Where the batch comes from when the link leaves it open: the file, else the page's images where they fit. */
export const source = computed((): Source => {
  const { images } = state.value;
  if (images !== 'auto') return images;
  if (!inventory.value) return 'normal';
  if (inventory.value.ownBatch >= 2) return 'file';
  return inventory.value.sample?.join() === '3,32,32' ? 'sample' : 'normal';
});

/** Batch norm as the link says, or as the file does. */
export const mode = computed(() => {
  const { mode: chosen } = state.value;
  return chosen === 'auto' ? (inventory.value?.mode ?? 'eval') : chosen;
});

/** Which outputs, as the kernel is told. */
export const outputsOf = (text: string): KernelOutputs =>
  text === 'sum' || text === 'trace' || text === 'full' ? text : Number(text);

const request = computed((): KernelRequest | undefined => {
  if (!inventory.value) return undefined;
  const { batch, seed, outputs, parameters, backend, dtype, by } = state.value;
  return {
    opened: inventory.value.opened,
    batch: { source: source.value, size: batch, seed, dropped: dropCount.value },
    ...{ mode: mode.value, outputs: outputsOf(outputs), parameters, backend, by },
    // Graphics cards compute in float32.
    dtype: backend === 'webgl2' || backend === 'webgpu' ? 'float32' : dtype,
  };
});

let current = 0;
let before = '';

async function ask(next: KernelRequest): Promise<void> {
  const number = ++current;
  const only =
    <T>(use: (value: T) => void) =>
    (value: T) => {
      if (number === current) use(value);
    };
  progress.value = 0;
  try {
    await worker.kernel(
      next,
      Comlink.proxy(
        only<KernelResult>((value) => {
          [result.value, details.value, failure.value] = [value, undefined, undefined];
          progress.value = undefined;
        }),
      ),
      Comlink.proxy(only<Details>((value) => (details.value = value))),
      Comlink.proxy(only<number>((share) => (progress.value = share))),
    );
  } catch (error) {
    only<Error>(({ message }) => {
      [failure.value, result.value, details.value] = [message, undefined, undefined];
      progress.value = undefined;
    })(error as Error);
  }
}

/** Ends what is being computed. */
export function stop(): void {
  current += 1;
  before = '';
  progress.value = undefined;
  failure.value = 'stopped';
  void worker.cancel();
}

/** The batch and Θ of a result as a file. */
export const save = (what: KernelResult): Promise<Uint8Array> => worker.save(what);

/** The batch of a result. */
export const batchOf = (what: KernelResult) => worker.batch(what.request);

let example = '';
effect(() => {
  if (link.value.room !== 'network') return;
  const { example: wanted } = state.value;
  if (wanted === example) return;
  example = wanted;
  void openExample(wanted);
});

effect(() => {
  if (link.value.room !== 'network' || request.value === undefined) return;
  const text = JSON.stringify(request.value);
  if (text === before) return;
  before = text;
  void ask(request.value);
});
