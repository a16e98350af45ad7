import completion from '@bomb.sh/tab/commander';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Command as UntypedCommand } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import {
  correlate,
  doctor,
  dynamics,
  inspect,
  lab,
  ntk,
  queue,
  regions,
  run,
  score,
  search,
  sweep,
  verify,
  worker,
} from './commands.ts';
import { interruption } from './interruption.ts';
import { complain } from './output.ts';

/**
 * The command line. Each command's work is loaded when it is called, so that the help is there at once. Those that show
 * their progress heed an {@link interruption}; the others leave nothing to put in order.
 */
export function program(): Command {
  const root = new Command('ntkit')
    .description('The condition number κ = λmax/λmin of the empirical neural tangent kernel.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({ outputError: (text) => complain(sentenceOf(text)) });
  const commands: CommandUnknownOpts[] = [
    ntk().action(async (path, options) => (await import('./ntkCommand.ts')).ntkCommand(path, options, interruption())),
    score().action(async (options) => (await import('./scoreCommand.ts')).scoreCommand(options, interruption())),
    regions().action(async (path, options) =>
      (await import('./regionsCommand.ts')).regionsCommand(path, options, interruption()),
    ),
    dynamics().action(async (path, options) =>
      (await import('./dynamicsCommand.ts')).dynamicsCommand(path, options, interruption()),
    ),
    run().action(async (path, options) => (await import('./runCommand.ts')).runCommand(path, options, interruption())),
    inspect().action(async (path, options) => (await import('./inspectCommand.ts')).inspectCommand(path, options)),
    search().action(async (options) => (await import('./searchCommand.ts')).searchCommand(options, interruption())),
    sweep().action(async (options) => (await import('./sweepCommand.ts')).sweepCommand(options, interruption())),
    worker().action(async (options) => (await import('./workerCommand.ts')).workerCommand(options, interruption())),
    queue().action(async (action, options) => (await import('./queueCommand.ts')).queueCommand(action, options)),
    correlate().action(async (path, options) =>
      (await import('./correlateCommand.ts')).correlateCommand(path, options),
    ),
    doctor().action(async (options) => (await import('./doctorCommand.ts')).doctorCommand(options)),
    lab().action(async (options) => (await import('./labCommand.ts')).labCommand(options)),
    verify().action(async (options) =>
      options.against === undefined
        ? (await import('./verifyCommand.ts')).verifyCommand(options, interruption())
        : (await import('./verifyAgainst.ts')).verifyAgainst(options.against, options, interruption()),
    ),
  ];
  for (const command of commands) root.addCommand(command.copyInheritedSettings(root));
  completion(root as unknown as UntypedCommand); // which knows the parser without its types
  return root;
}

/** What the parser complains of, without its word for an error, and with its hint on the same line. */
function sentenceOf(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, ' (did you mean $1?)');
}
