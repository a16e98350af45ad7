import * as Comlink from 'comlink';

/** Releases callbacks of the page in the worker that received them. */
export function release(...callbacks: readonly unknown[]): void {
  for (const callback of callbacks) (callback as Partial<Comlink.ProxyMethods>)[Comlink.releaseProxy]?.();
}
