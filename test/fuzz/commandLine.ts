import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Option } from 'commander';
import fc from 'fast-check';
import { execute } from '../../src/cli/execute.ts';
import { program } from '../../src/cli/program.ts';
import { encodeNpy } from '../../src/data/index.ts';
import type { FuzzOptions } from './fuzz.ts';
import { readers } from './readers.ts';

// Command lines of every command, with its own options and others, with valid, damaged and missing files.

/** Commands that compute for minutes: the source of images that ends what is right otherwise is not there. */
const LONG = ['score', 'search', 'sweep'];

/** Commands that work whatever their options are, a self-test or a server: one word too many ends them before it. */
const SELF_CONTAINED = ['doctor', 'verify', 'lab'];

/** Counts that do not take minutes, and texts that are not numbers. */
const NUMBERS = ['0', '1', '2', '-1', '1.5', '', 'x', '1e3', ' 1', '٣', 'NaN', '9'.repeat(400)];
const WORDS = ['auto', 'wasm', 'reference', 'nope', 'eval', 'train', 'sum', 'full', 'all', 'weight', '/[/', '/x/', 'float64', 'y', 'jacobi', 'cifar10', 'synthetic', 'sample:', 'npy:', 'idx:x', '__proto__', 'constructor', '\u2028', '\u001b[31m', '-', '--', '=']; // prettier-ignore

/** An outcome that no command line may have: an internal fault, a stack, or more than one line. */
export async function fuzzCommandLine({ runs, seed }: FuzzOptions): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'ntkit-fuzz-'));
  try {
    const property = fc.asyncProperty(commandLines(folder), async (argv) => {
      const wrong = wrongWith(await runInProcess(argv));
      if (wrong !== undefined) throw new Error(wrong);
    });
    const { counterexample, errorInstance } = await fc.check(property, { numRuns: runs, seed });
    const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    return counterexample ? `seed ${seed}: ntkit ${JSON.stringify(counterexample[0])}: ${reason}` : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Arguments of one command. */
function commandLines(folder: string): fc.Arbitrary<readonly string[]> {
  const { right, all } = filesIn(folder);
  const targets = [join(folder, 'written'), join(folder, 'none', 'x'), folder, ''];
  const commands = program().commands.filter((command) => command.name() !== 'complete');
  const anything = fc.oneof(
    fc.constantFrom(...NUMBERS),
    fc.constantFrom(...WORDS),
    fc.constantFrom(...right),
    fc.constantFrom(...all),
    fc.constantFrom(...right.map((file) => `npy:${file}`)),
    fc.constantFrom(...right.map((file) => `images=${file}`)),
    fc.string({ maxLength: 8 }),
  );
  return fc.constantFrom(...commands).chain((command) => {
    // Files are never written over the samples.
    const valueOf = ({ long, argChoices }: Option): fc.Arbitrary<string> => {
      if (/out|html|queue/.test(long ?? '')) return fc.constantFrom(...targets);
      return argChoices ? fc.oneof(fc.constantFrom(...argChoices), anything) : anything;
    };
    const known = command.options.map((option) => {
      const name = option.long ?? option.short!;
      const takesOne = option.required || option.optional;
      return takesOne ? valueOf(option).map((value) => [name, value]) : fc.constant([name]);
    });
    const option = fc.oneof(...known);
    const wrong = fc.constantFrom(...command.options, ...['--nope', '-x']).map((each) => [typeof each === 'string' ? each : (each.long ?? each.short!)]); // prettier-ignore
    const rest = fc.oneof(fc.constant([]), option.map((each) => [each]), fc.array(fc.oneof(option, option, wrong), { maxLength: 4 })); // prettier-ignore
    const first = fc
      .oneof(fc.constantFrom(...right), fc.constantFrom(...right), fc.constantFrom(...all), anything)
      .map((word) => [word]);
    const name = command.name();
    const last = LONG.includes(name) ? ['--data', `npy:${join(folder, 'none.npy')}`] : [];
    // The name of the model's input, which chance would hardly find.
    const input = name === 'run' ? ['--input', `images=${right.find((file) => file.endsWith('.npy'))}`] : [];
    const extra = SELF_CONTAINED.includes(name) ? ['one', 'more'] : [];
    const needsFile = command.registeredArguments.length > 0;
    return fc
      .tuple(needsFile ? first : fc.constant([]), fc.constantFrom([], input), rest)
      .map(([words, fed, given]) => [name, ...words, ...fed, ...given.flat(), ...extra, ...last]);
  });
}

interface Files {
  /** The files that commands read. */
  readonly right: readonly string[];
  /** Files of every format, each valid, cut off and empty, and paths that are not files. */
  readonly all: readonly string[];
}

function filesIn(folder: string): Files {
  const write = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const damaged = readers.flatMap(({ name, samples: [sample] }) =>
    [sample, sample.slice(0, sample.length / 2), new Uint8Array()].flatMap((bytes, i) =>
      ['', '.safetensors', '.onnx', '.npy', '.csv'].map((ending) =>
        write(`${name.replace(' ', '-')}${i}${ending}`, bytes),
      ),
    ),
  );
  const sampleOf = (reader: string) => readers.find(({ name }) => name === reader)!.samples[0];
  const images = { shape: [2, 3, 32, 32], data: Float32Array.from({ length: 6144 }, (_, i) => (i % 7) / 7) };
  const model = readFileSync(new URL('../onnx/models/upsample.onnx', import.meta.url));
  const right = [
    write('case.safetensors', sampleOf('case')),
    write('model.onnx', model),
    write('images.npy', encodeNpy(images)),
    write('table.csv', sampleOf('sweep table')),
  ];
  return { right, all: [...damaged, ...right, folder, join(folder, 'none.onnx'), '/dev/null', ''] };
}

interface Outcome {
  readonly code: number;
  readonly stderr: string;
}

/** Runs a command line in this process, with its output captured. */
async function runInProcess(argv: readonly string[]): Promise<Outcome> {
  const stderr: string[] = [];
  const streams = [process.stdout, process.stderr] as const;
  const writers = streams.map((stream) => Object.getOwnPropertyDescriptor(stream, 'write'));
  const catching = (into: string[]) =>
    ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      into.push(String(chunk));
      const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
      if (done) queueMicrotask(done);
      return true;
    }) as typeof process.stdout.write;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const before = signals.map((name) => new Set(process.listeners(name)));
  streams[0].write = catching([]);
  streams[1].write = catching(stderr);
  try {
    const code = await execute(argv);
    return { code, stderr: stderr.join('') };
  } finally {
    streams.forEach((stream, i) => {
      if (writers[i]) Object.defineProperty(stream, 'write', writers[i]);
      else Reflect.deleteProperty(stream, 'write'); // that of its class shows again
    });
    // Each command adds a listener for interrupts, because its process is expected to end.
    signals.forEach((name, i) => {
      for (const listener of process.listeners(name)) if (!before[i].has(listener)) process.off(name, listener);
    });
  }
}

/** Success, or bad input with one line that says so after notices. */
function wrongWith({ code, stderr }: Outcome): string | undefined {
  const lines = stderr.split('\n').filter((line) => line !== '');
  if (code !== 0 && code !== 2) return `exit ${code}: ${stderr.slice(0, 1000)}`;
  if (/^\s+at .*:\d+/m.test(stderr)) return `a stack: ${stderr.slice(0, 1000)}`;
  const complaints = lines.filter((line) => line.startsWith('ntkit: '));
  if (code === 0 && complaints.length > 0) return `exit 0, and ${stderr.slice(0, 1000)}`;
  if (code === 2 && (complaints.length !== 1 || lines.at(-1) !== complaints[0])) {
    return `exit 2: expected one line at the end that says why, got ${JSON.stringify(stderr.slice(0, 1000))}`;
  }
  return undefined;
}
