#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Mode } from '../nn/index.ts';
import type { KernelOutputs, ParameterChoice } from '../ntk/index.ts';
import { type DType, GPU_MODES, NtkitError } from '../tensor/index.ts';
import { correlateCommand, type CorrelateCommandOptions } from './correlateCommand.ts';
import { doctorCommand, type DoctorOptions } from './doctorCommand.ts';
import { ntkCommand, type NtkCommandOptions } from './ntkCommand.ts';
import { notice } from './output.ts';
import { regionsCommand, type RegionsCommandOptions } from './regionsCommand.ts';
import { scoreCommand, type ScoreCommandOptions } from './scoreCommand.ts';
import { searchCommand, type SearchCommandOptions } from './searchCommand.ts';
import { sweepCommand, type SweepCommandOptions } from './sweepCommand.ts';
import {
  BENCHMARK_DATASETS,
  CELL_COUNT,
  type Criteria,
  type Fidelity,
  REGION_BATCHES,
  type SpaceName,
  TE_NAS_COMMON,
} from '../search/index.ts';

/** Exit codes: done, internal fault, bad input or usage. */
const EXIT = { done: 0, fault: 1, badInput: 2 } as const;

function integer(least: number, most = 2 ** 31 - 1) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`expected an integer from ${least} to ${most}.`);
    }
    return value;
  };
}

function outputs(text: string): KernelOutputs {
  if (text === 'sum' || text === 'trace' || text === 'full') return text;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected sum, trace, full or the number of an output.');
}

function parameters(text: string): ParameterChoice {
  if (text === 'weight' || text === 'all') return text;
  const [, source] = /^\/(.+)\/$/.exec(text) ?? [];
  if (source === undefined) throw new InvalidArgumentError('expected weight, all or /REGEX/.');
  try {
    return new RegExp(source);
  } catch {
    throw new InvalidArgumentError('expected a regular expression between slashes.');
  }
}

/** Options of commands that compute. */
function withBackendOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--backend <name>', 'what computes').choices(['auto', 'reference', 'wasm', 'gpu']).default('auto'),
    )
    .addOption(
      new Option('--gpu-mode <mode>', 'what GPU.js runs on, with --backend gpu; auto by default').choices([
        'auto',
        ...GPU_MODES,
      ]),
    )
    .addOption(new Option('--threads <count>', 'worker threads').argParser(integer(1, 1024)))
    .addOption(
      new Option(
        '--dtype <precision>',
        'of forward and backward passes; float32 on wasm, float64 on reference by default',
      ).choices(['float32', 'float64'] satisfies DType[]),
    )
    .option('--json', 'print one JSON object', false);
}

function seedOption(): Option {
  return new Option('--seed <number>', 'of everything drawn at random').argParser(integer(0)).default(0);
}

function withCommonOptions(command: Command): Command {
  return withBackendOptions(command)
    .addOption(seedOption())
    .option('--html <file>', 'write a page with kernel matrices and spectra');
}

/** Options of commands that count linear regions of random crops. */
function withRegionOptions(command: Command): Command {
  const { batches, samples } = REGION_BATCHES;
  return command
    .addOption(
      new Option('--region-batches <count>', 'batches of a linear-region count').argParser(integer(1)).default(batches),
    )
    .addOption(new Option('--region-samples <count>', 'crops in each of them').argParser(integer(2)).default(samples))
    .addOption(
      new Option('--classes <count>', 'outputs of the networks').argParser(integer(1)).default(TE_NAS_COMMON.classes),
    );
}

function networkSizeOptions(command: Command, cells: number): Command {
  return command
    .addOption(new Option('--channels <count>', 'C of the first stage').argParser(integer(1, 4096)).default(16))
    .addOption(new Option('--cells <count>', 'N of each stage').argParser(integer(0, 100)).default(cells))
    .addOption(new Option('--batch-size <count>', 'images a batch').argParser(integer(1)).default(32))
    .addOption(new Option('--repeats <count>', 'draws of weights and images').argParser(integer(1)).default(3))
    .addOption(
      new Option('--mode <mode>', 'how batch norm normalises')
        .choices(['train', 'eval'] satisfies Mode[])
        .default('train'),
    )
    .addOption(
      new Option('--init <reading>', "TE-NAS's initialisation, as written or as shipped")
        .choices(['paper', 'code'])
        .default('paper'),
    );
}

const SOURCES = 'cifar10:PATH, npy:FILE, idx:FILE, sample, sample-1000 or synthetic';

function program(): Command {
  const root = new Command('ntkit')
    .description('The condition number κ = λmax/λmin of the empirical neural tangent kernel.')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/\n+$/, '\n')) });

  withCommonOptions(root.command('ntk <case>'))
    .description(
      "the tangent kernel and κ of the network, weights and images in a case file (.safetensors); TE-NAS's by default",
    )
    .option(
      '--images <source>',
      "a batch instead of the case's: FILE.npy, FILE.safetensors (tensor input), or a --data source",
    )
    .option('--x2 <source>', 'a second batch: the kernel is Θ(x1, x2)')
    .addOption(
      new Option('--mode <mode>', "how batch norm normalises; the case's mode by default").choices([
        'train',
        'eval',
      ] satisfies Mode[]),
    )
    .addOption(
      new Option('--outputs <which>', 'sum, trace, full, or the number of one output')
        .argParser(outputs)
        .default('sum'),
    )
    .addOption(
      new Option('--parameters <which>', 'weight, all, or /REGEX/ on names').argParser(parameters).default('weight'),
    )
    .addOption(
      new Option(
        '--batch-size <count>',
        "number of images: the first of --images, or standard normal ones in place of the case's",
      ).argParser(integer(1)),
    )
    .addOption(new Option('--repeats <count>', 'number of repetitions').argParser(integer(1)).default(1))
    .action((path: string, options: NtkCommandOptions) => ntkCommand(path, options));

  networkSizeOptions(withCommonOptions(root.command('score')), 5)
    .description('κ of NAS-Bench-201 cells at initialisation')
    .option('--arch <cells...>', 'architecture strings; five well-known cells by default')
    .option('--data <source>', SOURCES, 'sample')
    .action((options: ScoreCommandOptions) => scoreCommand(options));

  withBackendOptions(root.command('regions <case>'))
    .description('linear regions of the network in a case file (.safetensors), among its samples')
    .addOption(new Option('--repeats <count>', 'number of repetitions').argParser(integer(1)).default(1))
    .action((path: string, options: RegionsCommandOptions) => regionsCommand(path, options));

  withRegionOptions(withBackendOptions(root.command('search')))
    .description("TE-NAS's pruning search")
    .addOption(
      new Option('--space <name>', 'search space')
        .choices(['nas-bench-201', 'darts'] satisfies SpaceName[])
        .default('nas-bench-201'),
    )
    .option('--data <source>', SOURCES, 'sample-1000')
    .addOption(
      new Option('--fidelity <reading>', 'TE-NAS as its paper says, or as its code does')
        .choices(['paper', 'code'] satisfies Fidelity[])
        .default('paper'),
    )
    .addOption(
      new Option('--criteria <which>', 'what candidates are ranked by')
        .choices(['both', 'kappa', 'regions'] satisfies Criteria[])
        .default('both'),
    )
    .option('--paired', 'all candidates of a round see the same weights and images: half the work, less noise', false)
    .addOption(new Option('--batch-size <count>', "images of a κ; TE-NAS's by default").argParser(integer(1)))
    .addOption(
      new Option('--prune-number <count>', "operations an edge loses in a round; TE-NAS's by default").argParser(
        integer(1),
      ),
    )
    .addOption(
      new Option('--repeats <count>', 'draws of a candidate').argParser(integer(1)).default(TE_NAS_COMMON.repeats),
    )
    .addOption(seedOption())
    .option('--out <folder>', 'keep the search there: state, history and page')
    .option('--resume', 'go on with the search in that folder', false)
    .option('--html <file>', 'write a page with every round')
    .action((options: SearchCommandOptions) => searchCommand(options));

  networkSizeOptions(withRegionOptions(withBackendOptions(root.command('sweep'))), 1)
    .description('κ, linear regions, parameters and FLOPs of many NAS-Bench-201 cells, as a table')
    .addOption(new Option('--count <number>', 'number of random cells').argParser(integer(1, CELL_COUNT)))
    .option('--all', `all ${CELL_COUNT.toLocaleString('en')} cells`)
    .option('--archs <file>', 'the architectures of a file, one a line')
    .option('--out <file>', 'the table (CSV); it is continued when it is there', 'sweep.csv')
    .option('--data <source>', SOURCES, 'sample-1000')
    .addOption(seedOption())
    .action((options: SweepCommandOptions) => sweepCommand(options));

  root
    .command('correlate <results>')
    .description("rank correlation of a sweep's table with the true accuracies of NAS-Bench-201")
    .addOption(new Option('--dataset <name>', 'accuracies on which').choices(BENCHMARK_DATASETS).default('cifar10'))
    .addOption(new Option('--resamples <count>', 'of the bootstrap intervals').argParser(integer(1)).default(1000))
    .addOption(seedOption())
    .option('--json', 'print one JSON object', false)
    .option('--html <file>', 'write a page with scatter plots')
    .action((path: string, options: CorrelateCommandOptions) => correlateCommand(path, options));

  root
    .command('doctor')
    .description('which backends run here, on what, and how far each is off on a self-test')
    .option('--json', 'print one JSON object', false)
    .action((options: DoctorOptions) => doctorCommand(options));
  return root;
}

/** Runs a command line and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(argv, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badInput; // said already
    if (error instanceof NtkitError) {
      notice(`ntkit: ${error.message}`);
      return EXIT.badInput;
    }
    notice(`ntkit: internal fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return EXIT.fault;
  }
}

process.exitCode = await main(process.argv.slice(2));
