import { computed, effect, type Signal, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import { currentRoom } from '../../link.ts';
import { Thread } from '../../thread.ts';
import { state } from './link.ts';
import type { Details, Request, Result } from './request.ts';
import type { CellWorker } from './worker.ts';

// What the room shows follows its link: whenever the link changes, the worker computes κ again.

const thread = new Thread<CellWorker>(
  () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
  (worker) => worker.open(new URL('data/cifar10-256.bin', document.baseURI).href, state.peek().backend),
);
thread.start();

const both = <T>(): readonly [Signal<T | undefined>, Signal<T | undefined>] => [signal(undefined), signal(undefined)];

/** κ of the first and of the second cell. */
export const results = both<Result>();

/** What follows κ. */
export const details = both<Details>();

/** Why there is no κ, in one line. */
export const failures = both<string>();

/** Whether κ is being computed. */
export const busy = [signal(false), signal(false)] as const;

/** The share of the kernel's rows that is computed, from 0 to 1; undefined before the first rows. */
export const progress = both<number>();

/** Counts the attempts at each κ. */
const attempts = [signal(0), signal(0)] as const;

/** Computes a κ again. */
export function retry(place: 0 | 1): void {
  attempts[place].value += 1;
}

/** Ends the computation without a κ. */
export function stop(place: 0 | 1): void {
  stopped[place]();
  void thread.call((worker) => worker.cancel(place)).catch(() => {});
  [busy[place].value, failures[place].value] = [false, 'stopped'];
  [results[place].value, details[place].value] = [undefined, undefined];
}

/** How many pictures were dropped in, and a count of the drops. */
export const pictures = signal({ count: 0, time: 0 });

/**
 * Replaces as many of CIFAR-10's images by pictures; without pictures all are CIFAR-10's. @throws an Error when one
 * cannot be read.
 */
export async function dropPictures(files: readonly File[]): Promise<void> {
  const count = await thread.call((worker) => worker.takePictures(files));
  // Pictures that were dropped later replaced these.
  if (count !== undefined) pictures.value = { count, time: pictures.value.time + 1 };
}

/** The network and the batch of a result, as a case file. */
export function caseFile(request: Request): Promise<Uint8Array> {
  return thread.call((worker) => worker.caseFile(request));
}

/** Discards the answer to the request. */
const stopped: [() => void, () => void] = [() => {}, () => {}];

const inRoom = computed(() => currentRoom.value.name === 'cell');

for (const place of [0, 1] as const) {
  const request = computed<Request | undefined>((): Request | undefined => {
    const { compare, arch, ...settings } = state.value;
    const own = place === 0 ? arch : compare;
    return own === '' || !inRoom.value ? undefined : { ...settings, arch: own, pictures: pictures.value.time };
  });
  const text = computed(() => JSON.stringify(request.value));
  effect(() => {
    // By its text: changes of the other cell are not changes of this one.
    void text.value;
    void attempts[place].value;
    return follow(place, request.peek());
  });
}

/** Asks for κ. @returns a function that discards the answer */
function follow(place: 0 | 1, request: Request | undefined): () => void {
  let current = true;
  const only =
    <T>(use: (value: T) => void) =>
    (value: T) => {
      if (current) use(value);
    };
  stopped[place] = () => (current = false);
  busy[place].value = request !== undefined;
  progress[place].value = undefined;
  failures[place].value = undefined;
  if (request === undefined) {
    if (place === 1) [results[place].value, details[place].value] = [undefined, undefined];
    void thread.call((worker) => worker.cancel(place)).catch(() => {});
    return () => {};
  }
  const onResult = only<Result>((result) => {
    [results[place].value, details[place].value] = [result, undefined];
    busy[place].value = false;
  });
  const onDetails = only<Details>((value) => (details[place].value = value));
  const onFailure = only<Error>(({ message }) => {
    failures[place].value = message;
    // The κ of another request does not belong to this one. Where only a later part has failed, κ stays.
    if (busy[place].peek()) [results[place].value, details[place].value] = [undefined, undefined];
    busy[place].value = false;
  });
  const onProgress = only<number>((share) => (progress[place].value = share));
  const [told, found, more] = [Comlink.proxy(onProgress), Comlink.proxy(onResult), Comlink.proxy(onDetails)];
  thread.call((worker) => worker.kappa(place, request, told, found, more)).catch(onFailure);
  return stopped[place];
}
