/** Runs tasks one after another, in the order in which they are given. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  /** The result of a task, which begins when all earlier ones have ended, well or badly. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    // A task that fails must not hold up the next, and only its own caller sees its error.
    this.#last = result.catch(() => undefined);
    return result;
  }
}
