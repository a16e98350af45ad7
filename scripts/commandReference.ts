import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { format, resolveConfig } from 'prettier';
import { program } from '../src/cli/program.ts';

/** A table's cell: no line break, and no bar that would end it. */
const cell = (text: string) => text.replaceAll('\n', ' ').replaceAll('|', '\\|');

const code = (text: string) => `\`${cell(text)}\``;

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

/** The choices and the default of an option or argument, as the help states them in parentheses. */
function values({ argChoices, defaultValue, defaultValueDescription }: Described): string {
  const choices = (argChoices ?? []).map(code).join(', ');
  const given = defaultValueDescription ?? [defaultValue ?? []].flat().map(String).join(' ');
  if (defaultValue === false || given === '') return choices;
  return `${choices}${choices === '' ? '' : '; '}by default ${code(given)}`;
}

interface Described {
  readonly argChoices?: readonly string[] | undefined;
  readonly defaultValue?: unknown;
  readonly defaultValueDescription?: string | undefined;
}

function section(command: CommandUnknownOpts): string {
  const help = command.createHelp();
  const takes = help.visibleArguments(command);
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const parts = [
    `## ${command.name()}`,
    `\`\`\`sh\n${help.commandUsage(command)}\n\`\`\``,
    sentence(help.commandDescription(command)),
  ];
  if (takes.some(({ description }) => description !== '')) {
    const rows = takes.map((argument) => [code(argument.name()), cell(argument.description), values(argument)]);
    parts.push(table(['argument', 'what it is', 'values'], rows));
  }
  if (options.length > 0) {
    const rows = options.map((option) => [code(option.flags), cell(option.description), values(option)]);
    parts.push(table(['option', 'what it says', 'values'], rows));
  }
  return parts.join('\n\n');
}

/** Capitalised, except for κ, whose capital is K. */
const sentence = (text: string) =>
  `${text.replace(/^[a-z]/, (first) => first.toUpperCase())}${text.endsWith('.') ? '' : '.'}`;

/** The page of all commands with their options, made from the output of `ntkit COMMAND --help`. */
export async function commandReference(): Promise<string> {
  const commands = program().commands.filter((command) => command.name() !== 'complete');
  const text = [
    '# Options of the command',
    'What `ntkit COMMAND --help` shows. [The command](command.md) says what all commands have in common.',
    ...commands.map(section),
  ].join('\n\n');
  return format(text, { ...(await resolveConfig('docs/command-reference.md')), parser: 'markdown' });
}
