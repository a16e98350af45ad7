import { textTable } from '../report/index.ts';
import { type Backend, InputError } from '../tensor/index.ts';
import { excess, type LawRecord, runLaws, type Snippet, verificationLaws } from '../testing/index.ts';
import { withBackend } from './backend.ts';
import type * as commands from './commands.ts';
import { Finding } from './finding.ts';
import type { OptionsOf } from './options.ts';
import { notice, print, printJson, terminalWidth } from './output.ts';
import { progressBar } from './progress.ts';

/** Options of `ntkit verify`. */
type Options = OptionsOf<typeof commands.verify>;

/** What says which kernel is compared, and with what. */
const OF_A_KERNEL = ['ntk', 'images', 'output', 'mode', 'outputs', 'parameters', 'together'] as const;

/** `ntkit verify`: every law, on a backend. */
export async function verifyCommand(options: Options, signal: AbortSignal): Promise<void> {
  const stray = OF_A_KERNEL.find((name) => options[name] !== undefined);
  if (stray !== undefined) {
    throw new InputError(`--${stray} ${String(options[stray])}: expected with --against, which names a network`);
  }
  return withBackend(options, ({ backend, dtype }) => {
    // Laws are tried in a backend's own precision.
    if (backend.dtypes[0] === dtype) return verifyLaws(options, backend, signal);
    throw new InputError(`--dtype ${dtype}: the ${backend.name} backend is checked in ${backend.dtypes[0]}`);
  });
}

async function verifyLaws(options: Options, backend: Backend, signal: AbortSignal): Promise<void> {
  const { runs, seed, json } = options;
  const laws = chosen(options.laws);
  const start = performance.now();
  const progress = progressBar(laws.length);
  const records: LawRecord[] = [];
  try {
    const subjectSource = sourceOf(options, backend);
    await runLaws(laws, backend, { runs, seed, subjectSource, signal }, (record) => {
      records.push(record);
      progress.update(records.length, record.law);
    });
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - start) / 1000;
  const broken = records.filter((record) => record.broken);
  if (json) {
    const { name, device, dtypes } = backend;
    printJson({ backend: name, device, dtype: dtypes[0], runs, seed, laws: records, broken: broken.length, seconds });
  } else {
    print(tableOf(records));
    const cases = records.reduce((sum, record) => sum + record.cases, 0).toLocaleString('en');
    print(`${backend.device}: ${records.length} laws, ${cases} cases, ${seconds.toFixed(1)} s`);
  }
  if (broken.length === 0) return;
  for (const record of broken) notice(`\n${record.broken!.source}`);
  const [first, ...others] = broken.map((record) => record.broken!.message);
  throw new Finding(others.length === 0 ? first : `${first}; and ${others.length} more broken laws`);
}

/** @throws InputError when no law has such a name. */
function chosen(names: readonly string[] | undefined): typeof verificationLaws {
  if (names === undefined) return verificationLaws;
  const found = verificationLaws.filter(({ name }) => names.some((part) => name.includes(part)));
  if (found.length > 0) return found;
  const all = verificationLaws.map(({ name }) => name).join('; ');
  throw new InputError(`--laws ${names.join(' ')}: expected words of ${all}`);
}

function tableOf(records: readonly LawRecord[]): string {
  const columns = [
    ...[{ head: 'law' }, { head: 'holds' }, { head: 'cases', align: 'right', spare: 1 }],
    ...[
      { head: 'worst error', align: 'right' },
      { head: 'its bound', align: 'right' },
    ],
    ...[
      { head: 'of it', align: 'right', spare: 2 },
      { head: 'in', spare: 3 },
    ],
    ...[
      { head: 'seed', align: 'right', spare: 2 },
      { head: 's', align: 'right', spare: 2 },
    ],
  ] as const;
  const number = (x: number) => (x === 0 ? '0' : Number.isFinite(x) ? x.toExponential(1) : '∞');
  const share = (record: LawRecord) => {
    const times = excess(record.worst);
    return Number.isFinite(times) ? `${times < 10 ? (100 * times).toPrecision(2) : Math.round(100 * times)} %` : '∞';
  };
  const rows = records.map((record) => [
    ...[record.law, record.broken ? 'NO' : 'yes', String(record.cases)],
    ...[number(record.worst.error), number(record.worst.bound), share(record), record.worst.what.slice(0, 60)],
    ...[String(record.seed), record.seconds.toFixed(1)],
  ]);
  return textTable(columns, rows, { width: terminalWidth() });
}

/** Code that makes the backend. */
function sourceOf({ threads, gpuMode, dtype }: Options, { name }: Backend): Snippet {
  const after = ['await subject.close();'];
  if (name === 'reference') {
    return { imports: { 'ntkit/tensor': ['referenceBackend'] }, expression: 'referenceBackend' };
  }
  if (name === 'wasm') {
    const given = [
      ...(threads === undefined ? [] : [`threads: ${threads}`]),
      ...(dtype === undefined ? [] : [`dtype: '${dtype}'`]),
    ].join(', ');
    const options = given && `{ ${given} }`;
    return { imports: { 'ntkit/tensor': ['wasmBackend'] }, expression: `wasmBackend(${options})`, after };
  }
  const options = gpuMode === undefined ? '' : `{ mode: '${gpuMode}' }`;
  return { imports: { 'ntkit/tensor': ['gpuBackend'] }, expression: `await gpuBackend(${options})`, after };
}
