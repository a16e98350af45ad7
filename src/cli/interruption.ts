import { constants } from 'node:os';
import { complain } from './output.ts';

/** What ends a command from outside, e.g. ^C in a terminal. */
export class Interruption extends Error {
  /** As shells count: 128 and the number of the signal, 130 for ^C. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted (${signal})`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** How long a command has to end its work in order, in milliseconds. */
const GRACE = 3000;

/**
 * A signal that aborts with an {@link Interruption} at the first ^C or request to end, so that files are left whole. The
 * second one ends the process at once, as does a first one that nothing heeds.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      const reason = new Interruption(name);
      if (controller.signal.aborted) process.exit(reason.exitCode);
      controller.abort(reason);
      setTimeout(() => {
        complain(reason.message);
        process.exit(reason.exitCode);
      }, GRACE).unref();
    });
  }
  return controller.signal;
}
