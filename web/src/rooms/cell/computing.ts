import { effect, type Signal, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import { link } from '../../link.ts';
import { state } from './link.ts';
import type { Details, Request, Result } from './request.ts';
import type { CellWorker } from './worker.ts';

// What the room shows follows its link: whenever that changes, κ is computed anew, in the worker.

const worker = Comlink.wrap<CellWorker>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }));
void worker.open(new URL('data/cifar10-256.bin', document.baseURI).href);

const both = <T>(): readonly [Signal<T | undefined>, Signal<T | undefined>] => [signal(undefined), signal(undefined)];

/** κ of the first and of the second cell. */
export const results = both<Result>();

/** What follows κ. */
export const details = both<Details>();

/** Why there is no κ, in one line. */
export const failures = both<string>();

/** Whether κ is being computed. */
export const busy = [signal(false), signal(false)] as const;

/** Counts the sets of pictures that were dropped in. */
export const pictures = signal(0);

async function ask(place: 0 | 1, request: Request): Promise<void> {
  busy[place].value = true;
  let current = true;
  asked[place] = () => (current = false);
  const only =
    <T>(use: (value: T) => void) =>
    (value: T) => {
      if (current) use(value);
    };
  try {
    await worker.kappa(
      place,
      request,
      Comlink.proxy(
        only<Result>((result) => {
          [results[place].value, details[place].value, failures[place].value] = [result, undefined, undefined];
          busy[place].value = false;
        }),
      ),
      Comlink.proxy(only<Details>((value) => (details[place].value = value))),
    );
  } catch (error) {
    only<unknown>((reason) => {
      failures[place].value = (reason as Error).message;
      busy[place].value = false;
    })(error);
  }
}

/** What makes a place forget the request before. */
const asked: [() => void, () => void] = [() => {}, () => {}];

effect(() => {
  if (link.value.room !== 'cell' && link.value.room !== '') return;
  const { compare, ...first } = state.value;
  const requests = [first.arch, compare];
  for (const place of [0, 1] as const) {
    asked[place]();
    if (requests[place] === '') results[place].value = undefined;
    else void ask(place, { ...first, arch: requests[place], pictures: pictures.value });
  }
});
