/**
 * Lets only the newest of several computations finish: a new one aborts the previous one. For the methods of a
 * worker, where requests come faster than they are computed.
 *
 * @example
 * const newest = new Newest();
 * Comlink.expose({ kappa: (request) => newest.run((signal) => computeKappa(request, signal)) });
 */
export class Newest {
  #controller: AbortController | undefined;

  /** @returns its result, or undefined when a newer one replaced it. */
  async run<T>(compute: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    this.cancel();
    const controller = new AbortController();
    this.#controller = controller;
    try {
      const result = await compute(controller.signal);
      return controller.signal.aborted ? undefined : result;
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      throw error;
    }
  }

  /** Aborts what is being computed. */
  cancel(): void {
    this.#controller?.abort();
  }
}
