// Long computations on the calling thread: they let timers, input and messages through every few milliseconds.

/** Milliseconds after which the event loop is to turn. */
const SLICE = 8;

const web = globalThis as {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void };
    readonly port2: { postMessage(message: unknown): void };
  };
};

/** When the event loop is last known to have turned. */
let turned = -Infinity;

/**
 * Resolves after timers, input and messages that wait have been handled.
 *
 * Not by `scheduler.yield`: a page goes on there before its timers, and who wants to stop a computation by one must be
 * heard. Not by timers where there is another way: browsers slow down those that follow each other.
 */
function yieldToEventLoop(): Promise<void> {
  const { setImmediate, MessageChannel } = web;
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
    } else if (MessageChannel) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    } else {
      setTimeout(resolve);
    }
  });
}

/** Whether the calling thread has been busy for long enough: then {@link nextTurn} is to be awaited. */
export function turnIsDue(): boolean {
  return performance.now() - turned > SLICE;
}

/**
 * Lets the event loop turn.
 *
 *     for (const item of items) {
 *       if (turnIsDue()) await nextTurn(signal);
 *       work(item);
 *     }
 *
 * @throws the signal's reason when it is aborted by then.
 */
export async function nextTurn(signal?: AbortSignal): Promise<void> {
  await yieldToEventLoop();
  turned = performance.now();
  signal?.throwIfAborted();
}

/** Runs a computation to its end that may pause at every `yield`; the event loop turns there when it is due. */
export async function inTurns<T>(computation: Generator<void, T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const { done, value } = computation.next();
    if (done) return value;
    if (turnIsDue()) await nextTurn(signal);
  }
}

/** Runs such a computation without a pause. */
export function atOnce<T>(computation: Generator<void, T>): T {
  for (;;) {
    const { done, value } = computation.next();
    if (done) return value;
  }
}
