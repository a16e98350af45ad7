import { formatValue } from './check.ts';
import { InputError } from './errors.ts';
import type { RunOptions } from './progress.ts';

/**
 * Checks what a long computation is to heed and report.
 *
 * @param where names the function in messages.
 * @throws InputError when it is of the wrong kind; the signal's reason when it is aborted already.
 */
export function checkRunOptions(where: string, { signal, onProgress }: RunOptions): void {
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new InputError(`${where}: onProgress: expected a function, got ${formatValue(onProgress)}`);
  }
  if (signal === undefined) return;
  // Not by its class: signals may come from another window or module.
  const { aborted, addEventListener, throwIfAborted } = Object(signal) as Partial<AbortSignal>;
  const isSignal = typeof aborted === 'boolean' && addEventListener !== undefined && throwIfAborted !== undefined;
  if (!isSignal) throw new InputError(`${where}: signal: expected an AbortSignal, got ${formatValue(signal)}`);
  signal.throwIfAborted();
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
    const leave = () => signal.removeEventListener('abort', abort);
    const abort = () => {
      leave();
      // Its failure, too, is of no interest any more.
      promise.then(drop, () => {});
      reject(signal.reason as Error);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(leave);
  });
}
