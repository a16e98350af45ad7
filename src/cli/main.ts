#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type Mode } from '../nn/index.ts';
import { type DType, NtkitError } from '../tensor/index.ts';
import { ntkCommand, type NtkCommandOptions } from './ntkCommand.ts';
import { notice } from './output.ts';
import { scoreCommand, type ScoreCommandOptions } from './scoreCommand.ts';

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

function withCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--backend <name>', 'what computes').choices(['auto', 'reference', 'wasm', 'gpu']).default('auto'),
    )
    .addOption(new Option('--gpu-mode <mode>', 'which GPU.js mode, with --backend gpu'))
    .addOption(new Option('--threads <count>', 'worker threads').argParser(integer(1, 1024)))
    .addOption(
      new Option(
        '--dtype <precision>',
        'of forward and backward passes; float32 on wasm, float64 on reference unless given',
      ).choices(['float32', 'float64'] satisfies DType[]),
    )
    .addOption(new Option('--seed <number>', 'of everything drawn at random').argParser(integer(0)).default(0))
    .option('--json', 'print one JSON object', false)
    .option('--html <file>', 'write a page with kernel matrices and spectra');
}

function program(): Command {
  const root = new Command('ntkit')
    .description('The condition number κ = λmax/λmin of the empirical neural tangent kernel.')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/\n+$/, '\n')) });

  withCommonOptions(root.command('ntk <case>'))
    .description('κ of the network, weights and images in a case file (.safetensors)')
    .addOption(
      new Option('--batch-size <count>', "that many standard normal images instead of the case's").argParser(
        integer(1),
      ),
    )
    .addOption(new Option('--repeats <count>', 'compute so many times').argParser(integer(1)).default(1))
    .action((path: string, options: NtkCommandOptions) => ntkCommand(path, options));

  withCommonOptions(root.command('score'))
    .description('κ of NAS-Bench-201 cells at initialisation')
    .option('--arch <cells...>', 'architecture strings; five well-known cells unless given')
    .option('--data <source>', 'cifar10:PATH, npy:FILE, idx:FILE, sample or synthetic', 'sample')
    .addOption(new Option('--channels <count>', 'C of the first stage').argParser(integer(1, 4096)).default(16))
    .addOption(new Option('--cells <count>', 'N of each stage').argParser(integer(0, 100)).default(5))
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
    )
    .action((options: ScoreCommandOptions) => scoreCommand(options));
  return root;
}

/** Runs a command line and tells the exit code. */
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
