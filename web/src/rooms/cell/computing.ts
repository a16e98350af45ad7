import { computed, effect, type Signal, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import { currentRoom } from '../../link.ts';
import { state } from './link.ts';
import type { Details, Request, Result } from './request.ts';
import type { CellWorker } from './worker.ts';

// What the room shows follows its link: whenever that changes, κ is computed anew, in the worker.

const worker = Comlink.wrap<CellWorker>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }));
void worker.open(new URL('data/cifar10-256.bin', document.baseURI).href, state.peek().backend);

const both = <T>(): readonly [Signal<T | undefined>, Signal<T | undefined>] => [signal(undefined), signal(undefined)];

/** κ of the first and of the second cell. */
export const results = both<Result>();

/** What follows κ. */
export const details = both<Details>();

/** Why there is no κ, in one line. */
export const failures = both<string>();

/** Whether κ is being computed. */
export const busy = [signal(false), signal(false)] as const;

/** How many pictures were dropped in, and which time that was. */
export const pictures = signal({ count: 0, time: 0 });

/** Takes pictures in place of as many of CIFAR-10's; none is CIFAR-10's alone. @throws an Error when one cannot be read. */
export async function dropPictures(files: readonly File[]): Promise<void> {
  const count = await worker.takePictures(files);
  // What was dropped later took its place.
  if (count !== undefined) pictures.value = { count, time: pictures.value.time + 1 };
}

/** The network and the batch of a result, as a case file. */
export function caseFile(request: Request): Promise<Uint8Array> {
  return worker.caseFile(request);
}

const inRoom = computed(() => currentRoom.value.name === 'cell');

for (const place of [0, 1] as const) {
  const request = computed<Request | undefined>((): Request | undefined => {
    const { compare, arch, ...settings } = state.value;
    const own = place === 0 ? arch : compare;
    return own === '' || !inRoom.value ? undefined : { ...settings, arch: own, pictures: pictures.value.time };
  });
  const text = computed(() => JSON.stringify(request.value));
  effect(() => {
    // By its text: the other cell's changes are none of this one's.
    void text.value;
    return follow(place, request.peek());
  });
}

/** Asks for κ. @returns what lets go of the answer */
function follow(place: 0 | 1, request: Request | undefined): () => void {
  let current = true;
  const only =
    <T>(use: (value: T) => void) =>
    (value: T) => {
      if (current) use(value);
    };
  busy[place].value = request !== undefined;
  failures[place].value = undefined;
  if (request === undefined) {
    if (place === 1) [results[place].value, details[place].value] = [undefined, undefined];
    void worker.cancel(place);
    return () => {};
  }
  const onResult = only<Result>((result) => {
    [results[place].value, details[place].value] = [result, undefined];
    busy[place].value = false;
  });
  const onDetails = only<Details>((value) => (details[place].value = value));
  const onFailure = only<Error>(({ message }) => {
    failures[place].value = message;
    // The κ of another request is not this one's. Where only what follows κ has failed, κ stays.
    if (busy[place].peek()) [results[place].value, details[place].value] = [undefined, undefined];
    busy[place].value = false;
  });
  worker.kappa(place, request, Comlink.proxy(onResult), Comlink.proxy(onDetails)).catch(onFailure);
  return () => (current = false);
}
