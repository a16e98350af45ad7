import * as Comlink from 'comlink';

/**
 * A worker as the page calls it. Where its script cannot be loaded or started, calls fail, and the next call starts
 * another worker.
 *
 * @example
 * const thread = new Thread<Api>(() => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }));
 * await thread.call((api) => api.kappa(request));
 */
export class Thread<T> {
  readonly #make: () => Worker;
  readonly #prepare: ((api: Comlink.Remote<T>) => Promise<unknown>) | undefined;
  #running: { readonly worker: Worker; readonly api: Comlink.Remote<T>; readonly failed: Promise<never> } | undefined;

  /**
   * @param prepare called first, with each worker
   */
  constructor(make: () => Worker, prepare?: (api: Comlink.Remote<T>) => Promise<unknown>) {
    [this.#make, this.#prepare] = [make, prepare];
  }

  /** Starts the worker ahead of the first call. */
  start(): void {
    this.#running ??= this.#started();
  }

  /** @throws an Error of one line when there is no worker; what the call throws. */
  call<R>(use: (api: Comlink.Remote<T>) => Promise<R>): Promise<R> {
    this.#running ??= this.#started();
    const { api, failed } = this.#running;
    return Promise.race([use(api), failed]);
  }

  /** Ends the worker and everything that it computes: pending calls are never answered. */
  end(): void {
    this.#running?.worker.terminate();
    this.#running = undefined;
  }

  #started() {
    const worker = this.#make();
    const api = Comlink.wrap<T>(worker);
    const failed = new Promise<never>((_, reject) => {
      const fail = ({ message }: Partial<ErrorEvent>) => {
        this.end();
        // A script that did not arrive is an event without a message.
        const reason = message ?? 'its script did not arrive; is this device online?';
        reject(new Error(`worker: could not be started: ${reason}`));
      };
      worker.addEventListener('error', fail);
      // Its first answer shows that it has started.
      worker.addEventListener('message', () => worker.removeEventListener('error', fail), { once: true });
    });
    failed.catch(() => {}); // reported to the calls
    this.#prepare?.(api).catch(() => {});
    return { worker, api, failed };
  }
}
