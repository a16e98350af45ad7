import completion from '@bomb.sh/tab/commander';
import { Command } from '@commander-js/extra-typings';
import type { Command as AnyCommand } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { correlate, doctor, ntk, regions, score, search, sweep } from './commands.ts';
import { complain } from './output.ts';

/**
 * The command line. Each command's work is loaded when it is called, so that the help is there at once.
 *
 * @param signal aborts what a command is at
 */
export function program(signal: AbortSignal): Command {
  const root = new Command('ntkit')
    .description('The condition number κ = λmax/λmin of the empirical neural tangent kernel.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({ outputError: (text) => complain(sentenceOf(text)) });
  const commands = [
    ntk().action(async (path, options) => (await import('./ntkCommand.ts')).ntkCommand(path, options, signal)),
    score().action(async (options) => (await import('./scoreCommand.ts')).scoreCommand(options, signal)),
    regions().action(async (path, options) =>
      (await import('./regionsCommand.ts')).regionsCommand(path, options, signal),
    ),
    search().action(async (options) => (await import('./searchCommand.ts')).searchCommand(options, signal)),
    sweep().action(async (options) => (await import('./sweepCommand.ts')).sweepCommand(options, signal)),
    correlate().action(async (path, options) =>
      (await import('./correlateCommand.ts')).correlateCommand(path, options),
    ),
    doctor().action(async (options) => (await import('./doctorCommand.ts')).doctorCommand(options, signal)),
  ];
  for (const command of commands as unknown as AnyCommand[]) {
    (root as unknown as AnyCommand).addCommand(command.copyInheritedSettings(root as unknown as AnyCommand));
  }
  completion(root as unknown as AnyCommand);
  return root;
}

/** What the parser complains of, without its word for an error, and with its hint on the same line. */
function sentenceOf(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, ' (did you mean $1?)');
}
