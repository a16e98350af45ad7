import * as Comlink from 'comlink';

/** Lets go of callbacks of the page's, in the worker that was given them. */
export function release(...callbacks: readonly unknown[]): void {
  for (const callback of callbacks) (callback as Partial<Comlink.ProxyMethods>)[Comlink.releaseProxy]?.();
}
