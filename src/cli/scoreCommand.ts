import {
  cellNetwork,
  formatGenotype,
  type Genotype,
  initialize,
  parseGenotype,
  TE_NAS_SCHEMES,
  WELL_KNOWN_CELLS,
} from '../nn/index.ts';
import { loadAccuracyTable, openImages } from '../node/index.ts';
import { type Ntk, NtkProgram, type Verdict } from '../ntk/index.ts';
import { mean, ntkPage, ntkTable, type ScoredNetwork, standardDeviation } from '../report/index.ts';
import { IMAGE_CHANNELS, repeatBatches } from '../search/index.ts';
import { Generator, type NDArray } from '../tensor/index.ts';
import { type Computation, withBackend } from './backend.ts';
import type * as commands from './commands.ts';
import type { OptionsOf } from './options.ts';
import { checkWritable, notice, print, printJson, terminalWidth, writeOutput } from './output.ts';
import { progressBar } from './progress.ts';

/** Options of `ntkit score`. */
type Options = OptionsOf<typeof commands.score>;

interface Candidate {
  readonly name: string;
  readonly genotype: Genotype;
}

interface Scored extends Candidate {
  readonly ntks: readonly Ntk[];
  readonly seconds: readonly number[];
}

/**
 * `ntkit score`: κ of NAS-Bench-201 cells. In each repeat all cells see the same images, and layers of the same name
 * draw their weights from the same stream, so that differences come from the cells.
 */
export function scoreCommand(options: Options, signal: AbortSignal): Promise<void> {
  return withBackend(options, (computation) => run(options, computation, signal));
}

async function run(options: Options, computation: Computation, signal: AbortSignal): Promise<void> {
  const { data, repeats, batchSize, seed } = options;
  const { backend, dtype } = computation;
  if (options.html !== undefined) await checkWritable(options.html);
  const candidates = await candidatesOf(options.arch);
  const batches = repeatBatches(
    await openImages(data, { seed, channels: IMAGE_CHANNELS, onNotice: notice }),
    batchSize,
    repeats,
    seed,
  );

  const progress = progressBar(candidates.length * repeats * batchSize);
  const scored: Scored[] = [];
  try {
    for (const [c, candidate] of candidates.entries()) {
      const onRows = (rows: number) => progress.update(c * repeats * batchSize + rows, candidate.name);
      scored.push(await score(candidate, batches, options, computation, { signal, onRows }));
    }
  } finally {
    progress.stop();
  }

  const networks = scored.map(networkOf);
  if (options.html !== undefined) {
    const page = await ntkPage({
      title: 'NTK condition numbers of NAS-Bench-201 cells',
      settings: settingsOf(options, computation, batches[0]),
      networks,
    });
    await writeOutput(options.html, page);
  }
  if (options.json) {
    const { channels, cells, classes, mode, init } = options;
    const settings = { data, channels, cells, classes, batchSize, repeats, mode, init, seed, dtype };
    printJson({ ...settings, backend: backend.name, device: backend.device, architectures: scored.map(jsonOf) });
  } else {
    print(ntkTable(networks, { width: terminalWidth() }));
  }
}

/** The cells that the command line names, by their strings or by the benchmark's numbers, or those that the literature does. */
async function candidatesOf(arch: readonly string[] | undefined): Promise<Candidate[]> {
  const known = Object.entries(WELL_KNOWN_CELLS);
  if (arch === undefined) return known.map(([name, text]) => ({ name, genotype: parseGenotype(text) }));
  const accuracies = arch.some((text) => NUMBER.test(text)) ? await loadAccuracyTable() : undefined;
  return arch.map((text) => {
    if (NUMBER.test(text)) return { name: `cell ${text}`, genotype: accuracies!.cell(Number(text)) };
    return { name: known.find(([, each]) => each === text)?.[0] ?? text, genotype: parseGenotype(text) };
  });
}

const NUMBER = /^\d{1,9}$/;

async function score(
  candidate: Candidate,
  batches: readonly NDArray[],
  { channels, cells, classes, mode, init, seed }: Options,
  { backend, dtype }: Computation,
  { signal, onRows }: { readonly signal: AbortSignal; readonly onRows: (done: number) => void },
): Promise<Scored> {
  const network = cellNetwork(candidate.genotype, { channels, cells, classes, depth: -1, useStem: true });
  const program = await NtkProgram.compile(network, batches[0].shape, { mode, dtype, backend, signal });
  const ntks: Ntk[] = [];
  const seconds: number[] = [];
  try {
    for (const [repeat, images] of batches.entries()) {
      initialize(network, TE_NAS_SCHEMES[init], new Generator(seed).fork(`weights ${repeat}`));
      const start = performance.now();
      ntks.push(
        await program.run(images, {
          signal,
          onProgress: ({ done, of, stage }) => stage === 'rows' && onRows(repeat * of + done),
        }),
      );
      seconds.push((performance.now() - start) / 1000);
    }
  } finally {
    program.dispose();
  }
  return { ...candidate, ntks, seconds };
}

function networkOf({ name, genotype, ntks, seconds }: Scored): ScoredNetwork {
  return { name, detail: formatGenotype(genotype), ntks, seconds: mean(seconds) };
}

function jsonOf({ genotype, ntks, seconds }: Scored): object {
  const kappas = ntks.map(({ kappa }) => kappa);
  return {
    architecture: formatGenotype(genotype),
    parameters: ntks[0].parameters.used,
    kappas,
    mean: mean(kappas),
    spread: standardDeviation(kappas),
    verdict: worst(ntks.map(({ verdict }) => verdict)),
    verdicts: ntks.map(({ verdict }) => verdict),
    // In each repeat κ is at least its lower bound, whatever the verdict.
    kappaIntervals: ntks.map(({ kappaInterval }) => kappaInterval),
    kappaLowerBounds: ntks.map(({ kappaLowerBound }) => kappaLowerBound),
    lambdaMins: ntks.map(({ lambdaMin }) => lambdaMin),
    lambdaMaxs: ntks.map(({ lambdaMax }) => lambdaMax),
    ranks: ntks.map(({ rank }) => rank),
    noiseFloors: ntks.map(({ noiseFloor }) => noiseFloor),
    seconds,
  };
}

function settingsOf(options: Options, { backend, dtype }: Computation, images: NDArray): [string, string][] {
  return [
    ['data', options.data],
    ['batch', `${images.shape[0]} images of ${images.shape.slice(1).join(' × ')}`],
    ['network', `C = ${options.channels}, N = ${options.cells}, ${options.classes} classes`],
    ['mode', options.mode],
    ['initialisation', options.init],
    ['repeats', String(options.repeats)],
    ['seed', String(options.seed)],
    ['backend', `${backend.name} (${backend.device})`],
    ['precision', dtype],
  ];
}

function worst(verdicts: readonly Verdict[]): Verdict {
  const order: readonly Verdict[] = ['indefinite', 'lower-bound', 'resolved'];
  return order.find((verdict) => verdicts.includes(verdict))!;
}
