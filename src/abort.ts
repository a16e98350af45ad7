import { checkFunction, checkOptions, formatValue } from './check.ts';
import { InputError } from './errors.ts';
import type { RunOptions } from './progress.ts';

/** Options that long computations have in common. */
interface CommonOptions extends RunOptions {
  readonly backend?: unknown;
}

/**
 * Checks the options of a long computation: what it heeds and reports, and where it runs.
 *
 * @param where names the function in messages.
 * @param known the names of all options, if these are all.
 * @throws InputError when one is of the wrong kind or of another name; the signal's reason when it is aborted already.
 */
export function checkRunOptions<T extends CommonOptions>(
  where: string,
  options: T,
  known?: readonly (keyof T & string)[],
): void {
  if (known) checkOptions(where, options, known);
  const { signal, onProgress, backend } = options;
  if (onProgress !== undefined) checkFunction(`${where}: onProgress`, onProgress);
  if (backend !== undefined) checkBackend(`${where}: backend`, backend);
  if (signal === undefined) return;
  // Not by its class: signals may come from another window or module.
  if (!has(signal, 'addEventListener', 'throwIfAborted')) {
    throw new InputError(`${where}: signal: expected an AbortSignal, got ${formatValue(signal)}`);
  }
  signal.throwIfAborted();
}

/** @throws InputError when the value is no backend. */
export function checkBackend(where: string, value: unknown): void {
  if (!has(value, 'compile', 'close') || !Array.isArray((value as { readonly dtypes?: unknown }).dtypes)) {
    throw new InputError(`${where}: expected a backend, got ${formatValue(value)}`);
  }
}

/** Whether a value has methods of these names. */
function has(value: unknown, ...names: readonly string[]): boolean {
  const object = Object(value) as Readonly<Record<string, unknown>>;
  return names.every((name) => typeof object[name] === 'function');
}

/** Who waits for a signal, and the one listener of it that stands for all: Node warns of many. */
interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const waiting = /* @__PURE__ */ new WeakMap<AbortSignal, Waiting>();

/**
 * Calls a function once when a signal is aborted.
 *
 * @returns what takes it back. When nothing waits any more, no listener stays on the signal.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = waiting.get(signal) ?? listen(signal);
  const once = () => callback(); // the same function may wait twice
  callbacks.add(once);
  return () => {
    if (callbacks.delete(once) && callbacks.size === 0) forget(signal, listener);
  };
}

function listen(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>();
  const listener = () => {
    forget(signal, listener);
    for (const each of [...callbacks]) each();
    callbacks.clear();
  };
  const all = { callbacks, listener };
  waiting.set(signal, all);
  signal.addEventListener('abort', listener);
  return all;
}

function forget(signal: AbortSignal, listener: () => void): void {
  waiting.delete(signal);
  signal.removeEventListener('abort', listener);
}

/**
 * What a promise comes to, or a rejection with the signal's reason as soon as it is aborted. No listener stays.
 *
 * @param drop is given what comes too late.
 */
export function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  drop: (late: T) => void = () => {},
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    let leave = () => {};
    const abort = () => {
      // Its failure, too, is of no interest any more.
      promise.then(drop, () => {});
      reject(signal.reason as Error);
    };
    if (signal.aborted) return abort();
    leave = onAbort(signal, abort);
    promise.then(resolve, reject).finally(leave);
  });
}
