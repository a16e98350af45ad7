import { type Frame, Run, type RunDescription, type RunSettings } from './run.ts';

/** A run at step 0. */
export interface Started {
  readonly description: RunDescription;
  readonly frame: Frame;
}

/**
 * The runs of one page, one at a time. A new run aborts the previous one, whose pending requests are answered by
 * `undefined`.
 */
export class Session {
  #run: Run | undefined;
  #abort = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Starts a run, at step 0. Where only the learning rate differs, kernels are not computed again.
   *
   * @throws InputError when there are no samples or too many.
   */
  start(settings: RunSettings): Promise<Started | undefined> {
    this.#abort.abort();
    this.#abort = new AbortController();
    return this.#inTurn(async (signal) => {
      if (this.#run?.isLike(settings)) this.#run.restart(settings.rate);
      else {
        this.#run?.dispose();
        this.#run = undefined;
        this.#run = await Run.create(settings, signal);
      }
      return { description: this.#run.describe(), frame: await this.#run.advance(0, { signal }) };
    });
  }

  /** Continues the run for some steps, see {@link Run.advance}; `undefined` where there is none. */
  advance(steps: number, playing = false): Promise<Frame | undefined> {
    return this.#inTurn((signal) => this.#run?.advance(steps, { playing, signal }));
  }

  /** One request at a time, as long as no newer run is asked for. */
  #inTurn<T>(work: (signal: AbortSignal) => Promise<T> | undefined): Promise<T | undefined> {
    const { signal } = this.#abort;
    const result = this.#last.then(async () => {
      if (signal.aborted) return undefined;
      try {
        return await work(signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        throw error;
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
