import { CommanderError } from '@commander-js/extra-typings';
import { JobError, NtkitError } from '../errors.ts';
import { Finding } from './finding.ts';
import { Interruption } from './interruption.ts';
import { complain, flush } from './output.ts';
import { program } from './program.ts';

/** Exit codes: done, internal fault, a {@link Finding} or jobs that failed, bad input or usage; ended from outside, an {@link Interruption} has its own. */
const EXIT = { done: 0, fault: 1, badInput: 2 } as const;

/** Runs a command line and returns the exit code. Whatever goes wrong is one line on stderr. */
export async function execute(argv: readonly string[]): Promise<number> {
  try {
    await run(argv.length === 0 ? ['--help'] : argv);
    await flush();
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return EXIT.badInput; // the parser has said why
    if (error instanceof Interruption) {
      complain(error.message);
      return error.exitCode;
    }
    if (error instanceof Finding || error instanceof JobError) {
      complain(error.message);
      return EXIT.fault;
    }
    if (error instanceof NtkitError) {
      complain(error.message);
      return EXIT.badInput;
    }
    complain(`internal fault: ${String(error)}`);
    if (process.env['NTKIT_DEBUG'] && error instanceof Error) console.error(error.stack);
    return EXIT.fault;
  }
}

async function run(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(argv, { from: 'user' });
  } catch (error) {
    // The help and the version end the parser, too.
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
  }
}
