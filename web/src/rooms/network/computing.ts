import { computed, effect, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import type { KernelOutputs } from 'ntkit/ntk';
import { isGpu } from '../../backendNames.ts';
import { fetched } from '../../fetched.ts';
import { currentRoom } from '../../link.ts';
import { Thread } from '../../thread.ts';
import { EXAMPLES } from './examples.ts';
import { state, update } from './link.ts';
import type { Details, Inventory, KernelRequest, KernelResult, NetworkFiles, Source } from './request.ts';
import type { NetworkWorker } from './worker.ts';

// What the room shows follows its link and the file that is open: whenever one changes, the worker computes κ again.

const thread = new Thread<NetworkWorker>(
  () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
  (worker) => worker.start(new URL('data/cifar10-256.bin', document.baseURI).href),
);
thread.start();

/** The largest file that is read, in bytes. */
const MOST_BYTES = 512e6;

/** What is open. */
export const inventory = signal<Inventory | undefined>(undefined);

/** The files of what is open. */
export const files = signal<NetworkFiles | undefined>(undefined);

/** Whether it was dropped in, rather than one of the page's. */
export const isOwn = signal(false);

/** Why a file could not be opened, in one line; and how to try again, where that may help. */
export const fileFailure = signal<{ readonly message: string; readonly retry?: () => void } | undefined>(undefined);

/** Why pictures could not be used, in one line. */
export const imagesFailure = signal<string | undefined>(undefined);

/** What was dropped in to replace the images, in words. */
export const droppedImages = signal<string | undefined>(undefined);

/** Why there is no κ, in one line. */
export const failure = signal<string | undefined>(undefined);

export const result = signal<KernelResult | undefined>(undefined);

/** What follows κ. */
export const details = signal<Details | undefined>(undefined);

/** The share of the kernel's rows that is computed, from 0 to 1; undefined while nothing is being computed. */
export const progress = signal<number | undefined>(undefined);

const dropCount = signal(0);

let asked = 0;

/** @throws an Error that names the file when it cannot be read: a dropped folder arrives as a file, too */
async function bytesOf(file: File): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name}: expected a file that can be read, got a folder or a file that is gone`);
  }
}

/** Opens files that were dropped, or one of the page's. A file that is not a network leaves the open one as it is. */
export async function openFiles(chosen: readonly File[]): Promise<void> {
  const number = ++asked;
  const networks = chosen.filter(({ name }) => /\.(onnx|safetensors)$/i.test(name));
  if (networks.length > 1) {
    const names = networks.map(({ name }) => name).join(', ');
    const message = `network: expected one .onnx or .safetensors with what belongs to it, got ${networks.length}: ${names}`;
    fileFailure.value = { message };
    return;
  }
  // Weights may be in files beside the model.
  const main = networks[0] ?? chosen[0];
  const size = chosen.reduce((sum, file) => sum + file.size, 0);
  if (size > MOST_BYTES) {
    const message = `${main.name}: expected at most ${MOST_BYTES / 1e6} MB, got ${Math.round(size / 1e6)} MB`;
    fileFailure.value = { message };
    return;
  }
  try {
    const read = async (file: File) => ({ name: file.name, bytes: await bytesOf(file) });
    const beside = await Promise.all(chosen.filter((file) => file !== main).map(read));
    const next = { ...(await read(main)), beside };
    if (number === asked) await open(next, number, true);
  } catch (error) {
    if (number === asked) fileFailure.value = { message: (error as Error).message };
  }
}

async function open(next: NetworkFiles, number: number, own: boolean): Promise<void> {
  // What the worker has opened stays open although another file was chosen meanwhile: that may not be a network.
  const found = await thread.call((worker) => worker.open(next));
  if (number === asked) fileFailure.value = undefined;
  [result.value, details.value, failure.value] = [undefined, undefined, undefined];
  [files.value, isOwn.value] = [next, own];
  inventory.value = found;
}

/** Opens one of the page's networks. */
export async function openExample(name: string): Promise<void> {
  const number = ++asked;
  const { file } = EXAMPLES.find((example) => example.name === name) ?? EXAMPLES[0];
  try {
    const bytes = await fetched(new URL(`data/networks/${file}`, document.baseURI));
    if (number === asked) await open({ name: file, bytes, beside: [] }, number, false);
  } catch (error) {
    const { message } = error as Error;
    if (number === asked) fileFailure.value = { message, retry: () => void openExample(name) };
  }
}

/** Replaces the page's images by pictures or a batch. */
export async function takeImages(chosen: readonly File[]): Promise<void> {
  try {
    const count = await thread.call((worker) => worker.takeImages(chosen));
    if (count === undefined) return; // others replaced them
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

/** The option `outputs` of the kernel. */
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
    dtype: isGpu(backend) ? 'float32' : dtype,
  };
});

/** Whether the kernel that is shown is not the one that the link asks for. */
export const isStale = computed(
  () => result.value !== undefined && JSON.stringify(result.value.request) !== JSON.stringify(request.value),
);

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
    await thread.call((worker) =>
      worker.kernel(
        next,
        Comlink.proxy(
          only<KernelResult>((value) => {
            [result.value, details.value, failure.value] = [value, undefined, undefined];
            progress.value = undefined;
          }),
        ),
        Comlink.proxy(only<Details>((value) => (details.value = value))),
        Comlink.proxy(only<number>((share) => (progress.value = share))),
      ),
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
  void thread.call((worker) => worker.cancel());
}

/** Computes the kernel again. */
export function retry(): void {
  failure.value = undefined;
  if (request.peek()) void ask(request.peek()!);
}

/** The batch and Θ of a result as a file. */
export const save = (what: KernelResult): Promise<Uint8Array> => thread.call((worker) => worker.save(what));

/** The batch of a result. */
export const batchOf = (what: KernelResult) => thread.call((worker) => worker.batch(what.request));

let example = '';
effect(() => {
  if (currentRoom.value.name !== 'network') return;
  const { example: wanted } = state.value;
  if (wanted === example) return;
  example = wanted;
  void openExample(wanted);
});

effect(() => {
  if (currentRoom.value.name !== 'network' || request.value === undefined) return;
  const text = JSON.stringify(request.value);
  if (text === before) return;
  before = text;
  void ask(request.value);
});
