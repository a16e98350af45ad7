import { describeChoice } from '../ntk/index.ts';
import { readBytes } from '../node/index.ts';
import { parseSafetensors } from '../nn/index.ts';
import { format, textTable } from '../report/index.ts';
import { InputError, setDefaultBackend } from '../tensor/index.ts';
import {
  explainKernel,
  type Explanation,
  type KernelExplanation,
  parseSentTensors,
  parseSettings,
  type SentTensors,
  type StatedSettings,
} from '../testing/against/index.ts';
import { withBackend } from './backend.ts';
import type * as commands from './commands.ts';
import { Finding } from './finding.ts';
import { batchOf, isOnnx, readNetworkFile } from './networkFile.ts';
import { readNpy } from './npyFile.ts';
import type { OptionsOf } from './options.ts';
import { print, printJson, terminalWidth } from './output.ts';
import { progressBar } from './progress.ts';

/** Options of `ntkit verify`. */
type Options = OptionsOf<typeof commands.verify>;

/** What was sent, and what its file says of it. */
interface Sent extends SentTensors {
  readonly stated: StatedSettings;
}

/** `ntkit verify --against FILE`: whether a kernel that other code computed is right, and which mistake explains it. */
export async function verifyAgainst(path: string, options: Options, signal: AbortSignal): Promise<void> {
  if (options.backend === 'gpu') {
    throw new InputError('--backend gpu: --against computes in float64, expected wasm or reference');
  }
  await withBackend({ ...options, dtype: 'float64' }, async ({ backend }) => {
    setDefaultBackend(backend);
    try {
      await compare(path, options, signal);
    } finally {
      setDefaultBackend(undefined);
    }
  });
}

async function compare(path: string, options: Options, signal: AbortSignal): Promise<void> {
  const start = performance.now();
  const file = await readNetworkFile(path, options.output);
  const { kernel, input, stated } = await readSent(path, options);
  if (kernel === undefined) {
    throw new InputError(`${options.ntk ?? path}: expected a kernel: a tensor ntk here, or --ntk FILE`);
  }
  const given = options.images === undefined ? (input ?? file.input) : undefined;
  if (given === undefined && options.images === undefined) {
    throw new InputError(`${path}: expected the batch of the kernel: --images FILE, or a tensor input beside ntk`);
  }
  const x = given ?? (await batchOf(file, { images: options.images, seed: 0 }));
  const settings = {
    mode: options.mode ?? stated.mode ?? (isOnnx(path) ? undefined : file.mode),
    outputs: options.outputs ?? stated.outputs,
    parameters: options.parameters ?? stated.parameters,
  };
  const progress = progressBar(1);
  let found: KernelExplanation;
  try {
    found = await explainKernel(file.network, x, kernel, {
      ...settings,
      ...{ dtype: options.dtype, together: options.together },
      signal,
      onProgress: ({ done, of }) => progress.update(done / of, 'pairs of mistakes'),
    });
  } finally {
    progress.stop();
  }
  const told = { name: file.name, samples: x.shape[0], seconds: (performance.now() - start) / 1000 };
  if (options.json) printJson(jsonOf(found, told));
  else print(textOf(found, told));
  if (found.agrees) return;
  const [first] = found.explanations;
  const why = first ? first.mistakes.map(({ name }) => name).join('; and ') : 'none of the usual mistakes explains it';
  throw new Finding(`${file.name}: the kernel does not agree: ${why}`);
}

/** The kernel of `--ntk`, or of the case itself. */
async function readSent(path: string, { ntk }: Options): Promise<Sent> {
  if (ntk !== undefined && /\.npy(\.gz)?$/.test(ntk)) {
    return { kernel: { ntk: await readNpy(ntk) }, input: undefined, stated: {} };
  }
  if (ntk === undefined && isOnnx(path)) return { kernel: undefined, input: undefined, stated: {} };
  if (ntk !== undefined && !ntk.endsWith('.safetensors')) {
    throw new InputError(`--ntk ${ntk}: expected a file named .npy or .safetensors`);
  }
  const source = ntk ?? path;
  const { metadata, tensors } = parseSafetensors((await readBytes('safetensors', source)).bytes, source);
  return { ...parseSentTensors(tensors, source), stated: parseSettings(metadata, source) };
}

/** What is reported besides what was found. */
interface Told {
  readonly name: string;
  readonly samples: number;
  readonly seconds: number;
}

function jsonOf({ settings, ...found }: KernelExplanation, { name, samples, seconds }: Told): object {
  return {
    ...{ name, samples, mode: settings.mode, outputs: settings.outputs },
    parameters: describeChoice(settings.parameters),
    ...found,
    logits: found.logits ?? null,
    rows: found.rows ? { ...found.rows, begins: found.rows.begins ?? null } : null,
    seconds,
  };
}

function textOf(found: KernelExplanation, { name, samples }: Told): string {
  const { agrees, settings, difference, tolerance, dtype, explanations, nearest, asymmetry, logits } = found;
  const { mode, outputs, parameters } = settings;
  const off = Number.isFinite(difference) ? `${format(difference)} of |Jᵢ|·|Jⱼ|` : 'none, the shapes differ';
  const lines = [
    `${name}: the kernel ${agrees ? 'agrees' : 'does not agree'}`,
    `compared with: outputs ${outputs}, parameters ${describeChoice(parameters)}, ${mode} mode, ${samples} samples`,
    `largest difference: ${off}; up to ${format(tolerance)} is rounding in ${dtype}`,
    ...(asymmetry > tolerance ? [`not symmetric: Θ[i, j] and Θ[j, i] differ by ${format(asymmetry)} of it`] : []),
    ...(logits
      ? [`outputs of the network: ${logits.agrees ? 'agree' : `differ by ${format(logits.difference)}`}`]
      : []),
    ...rowLines(found),
  ];
  if (agrees) return lines.join('\n');
  const [heading, shown] =
    explanations.length > 0
      ? [
          `${explanations.length > 1 ? 'Each of these gives' : 'This gives'} exactly the numbers that were sent:`,
          explanations,
        ]
      : [`None of ${found.tried} computations gives the numbers that were sent. The nearest single mistakes:`, nearest];
  return [...lines, '', heading, explanationTable(shown)].join('\n');
}

function rowLines({ rows }: KernelExplanation): string[] {
  if (!rows) return [];
  const { parameters, begins, giveKernel } = rows;
  const product =
    giveKernel === false ? ['the kernel that was sent is not the product of the rows that were sent'] : [];
  if (begins === undefined) return [`rows of J: all ${parameters.length} tensors agree`, ...product];
  const right = parameters.slice(parameters.findIndex(({ name }) => name === begins) + 1);
  const after =
    right.length > 0
      ? `from the output backwards they agree as far as ${right[0].name}`
      : 'already those next to the output differ';
  const wrong = parameters.filter(({ agrees }) => !agrees).length;
  return [
    `rows of J: ${wrong} of ${parameters.length} tensors differ; ${after}, and the difference begins at ${begins}`,
    ...product,
  ];
}

/** As wide as is read with ease. */
const TABLE_WIDTH = 100;

function explanationTable(explanations: readonly Explanation[]): string {
  const rows = explanations.map(({ mistakes, difference }, i) => [
    String(i + 1),
    mistakes.map(({ name }) => name).join(', and '),
    mistakes.map(({ explanation }) => explanation).join(' '),
    format(difference),
  ]);
  const columns = [{ head: '' }, { head: 'mistake' }, { head: 'why' }, { head: 'left', align: 'right' }] as const;
  return textTable(columns, rows, { width: Math.min(TABLE_WIDTH, terminalWidth()) });
}
