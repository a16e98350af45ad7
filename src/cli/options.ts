import { type Command, InvalidArgumentError, Option, type OptionValues } from '@commander-js/extra-typings';
import type { KernelOutputs, ParameterChoice } from '../ntk/index.ts';
import { REGION_BATCHES, TE_NAS_COMMON } from '../search/constants.ts';
import { GPU_MODES } from '../tensor/backends/gpu/modes.ts';

// Options that several commands have, each declared once. What a command does with them is inferred from here.

/** The options of a command that is declared by a function. */
export type OptionsOf<Declaration extends () => { opts(): unknown }> = ReturnType<ReturnType<Declaration>['opts']>;

/** An integer within bounds. */
export function integer(least: number, most = 2 ** 31 - 1) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`expected an integer from ${least} to ${most}.`);
    }
    return value;
  };
}

/** A number of at least `least` and below `below`. */
export function real(least: number, below: number) {
  return (text: string): number => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!(value >= least && value < below)) {
      const range = least === Number.MIN_VALUE ? 'above 0' : `from ${least} to below ${below}`;
      throw new InvalidArgumentError(`expected a number ${range}.`);
    }
    return value;
  };
}

/** Widths of a network's layers, two or more. */
export function widths(text: string): number[] {
  const values = text.split(',').map(Number);
  if (!/^\d+(,\d+)+$/.test(text) || values.some((width) => width < 1 || width > 1_000_000)) {
    throw new InvalidArgumentError('expected two or more widths from 1 to 1000000, such as 8,512,512,1.');
  }
  return values;
}

/** Numbers of steps, in ascending order. */
export function checkpoints(text: string): number[] {
  const values = text.split(',').map(Number);
  if (!/^\d+(,\d+)*$/.test(text) || values.some((step, i) => step > 1_000_000 || step <= values[i - 1])) {
    throw new InvalidArgumentError('expected numbers of steps in ascending order, such as 0,1,10,100.');
  }
  return values;
}

/** Which outputs a kernel is of. */
export function outputs(text: string): KernelOutputs {
  if (text === 'sum' || text === 'trace' || text === 'full') return text;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected sum, trace, full or the number of an output.');
}

/** Which parameters a kernel is of. */
export function parameters(text: string): ParameterChoice {
  if (text === 'weight' || text === 'all') return text;
  const [, source] = /^\/(.+)\/$/.exec(text) ?? [];
  if (source === undefined) throw new InvalidArgumentError('expected weight, all or /REGEX/.');
  try {
    return new RegExp(source);
  } catch {
    throw new InvalidArgumentError('expected a regular expression between slashes.');
  }
}

export const jsonOption = () => new Option('--json', 'print one JSON object').default(false);

export const seedOption = () =>
  new Option('--seed <number>', 'seed of everything that is drawn at random').argParser(integer(0)).default(0);

export const modeOption = (byDefault = '') =>
  new Option(
    '--mode <mode>',
    `how batch norm normalises${byDefault === '' ? '' : `; by default ${byDefault}`}`,
  ).choices(['train', 'eval'] as const);

/** Where images come from. */
export const dataOption = <Source extends string>(source: Source) =>
  new Option(
    '--data <source>',
    'cifar10:PATH, cifar100:PATH, npy:FILE, npz:FILE, idx:FILE, sample, sample-1000 or synthetic',
  ).default<string>(source);

/** A command with the options that say what computes. */
export const withBackendChoice = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) =>
  command
    .addOption(
      new Option('--backend <name>', 'backend that computes')
        .choices(['auto', 'reference', 'wasm', 'gpu'] as const)
        .default('auto' as const),
    )
    .addOption(
      new Option('--gpu-mode <mode>', 'what GPU.js runs on, with --backend gpu; auto by default').choices([
        'auto',
        ...GPU_MODES,
      ] as const),
    )
    .addOption(new Option('--threads <count>', 'worker threads').argParser(integer(1, 1024)));

export const dtypeOption = () =>
  new Option(
    '--dtype <precision>',
    'precision of forward and backward passes; by default float64 on reference, float32 elsewhere',
  ).choices(['float32', 'float64'] as const);

export const queuePrefixOption = () =>
  new Option('--queue-prefix <text>', 'prefix of all keys on the server').default('ntkit');

/** A command with the options that let others measure. */
export const withQueueOptions = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) =>
  command
    .option('--queue <url>', 'redis://HOST:PORT[/DB]: ntkit worker measures, here and on other machines')
    .addOption(queuePrefixOption());

/** A command with the options of those that are about a queue. */
export const withQueueServer = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) =>
  command
    .requiredOption('--queue <url>', 'redis://HOST:PORT[/DB], or rediss:// for TLS')
    .addOption(queuePrefixOption());

/** A command with the options that all computing commands share. */
export const withBackendOptions = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) => withBackendChoice(command).addOption(dtypeOption()).addOption(jsonOption());

/** A command with the options of those that count linear regions of random crops. */
export const withRegionOptions = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
) =>
  command
    .addOption(
      new Option('--region-batches <count>', 'batches of a linear-region count')
        .argParser(integer(1))
        .default(REGION_BATCHES.batches),
    )
    .addOption(
      new Option('--region-samples <count>', 'crops in each batch')
        .argParser(integer(2))
        .default(REGION_BATCHES.samples),
    );

/**
 * A command with the options of those that build cell networks.
 *
 * @param cells of each stage, by default
 */
export const withNetworkOptions = <Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
  cells: number,
) =>
  command
    .addOption(new Option('--channels <count>', 'C of the first stage').argParser(integer(1, 4096)).default(16))
    .addOption(new Option('--cells <count>', 'N of each stage').argParser(integer(0, 100)).default(cells))
    .addOption(classesOption())
    .addOption(new Option('--batch-size <count>', 'images a batch').argParser(integer(1)).default(32))
    .addOption(new Option('--repeats <count>', 'draws of weights and images').argParser(integer(1)).default(3))
    .addOption(modeOption().default('train' as const))
    .addOption(
      new Option('--init <reading>', "TE-NAS's initialisation, as written or as shipped")
        .choices(['paper', 'code'] as const)
        .default('paper' as const),
    );

export const classesOption = () =>
  new Option('--classes <count>', 'outputs of the networks')
    .argParser(integer(1, 100_000))
    .default(TE_NAS_COMMON.classes);
