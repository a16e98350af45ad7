import {
  cellNetwork,
  type Genotype,
  initialize,
  type Mode,
  parseGenotype,
  TE_NAS_SCHEMES,
  WELL_KNOWN_CELLS,
} from '../nn/index.ts';
import { openDataset } from '../node/index.ts';
import { type Ntk, NtkProgram, type Verdict } from '../ntk/index.ts';
import { mean, ntkPage, ntkTable, type ScoredNetwork, standardDeviation } from '../report/index.ts';
import { repeatBatches } from '../search/index.ts';
import { Generator, type NDArray } from '../tensor/index.ts';
import { type BackendOptions, type Computation, withBackend } from './backend.ts';
import { checkWritable, print, printJson, terminalWidth, writePage } from './output.ts';
import { progressBar } from './progress.ts';

/** Options of `ntkit score`. */
export interface ScoreCommandOptions extends BackendOptions {
  readonly arch?: readonly string[];
  readonly data: string;
  readonly channels: number;
  readonly cells: number;
  readonly batchSize: number;
  readonly repeats: number;
  readonly mode: Mode;
  readonly init: 'paper' | 'code';
  readonly seed: number;
  readonly json: boolean;
  readonly html?: string;
}

interface Candidate {
  readonly name: string;
  readonly architecture: string;
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
export function scoreCommand(options: ScoreCommandOptions): Promise<void> {
  return withBackend(options, (computation) => run(options, computation));
}

async function run(options: ScoreCommandOptions, computation: Computation): Promise<void> {
  const { data, repeats, batchSize, seed } = options;
  const { backend, dtype } = computation;
  if (options.html !== undefined) await checkWritable(options.html);
  const candidates = candidatesOf(options.arch);
  const batches = repeatBatches(await openDataset(data, { seed }), batchSize, repeats, seed);

  const progress = progressBar(candidates.length * repeats * batchSize);
  const scored: Scored[] = [];
  try {
    for (const [c, candidate] of candidates.entries()) {
      const onRows = (rows: number) => progress.update(c * repeats * batchSize + rows, candidate.name);
      scored.push(await score(candidate, batches, options, computation, onRows));
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
    await writePage(options.html, page);
  }
  if (options.json) {
    const { data, channels, cells, mode, init, seed } = options;
    const settings = { data, channels, cells, batchSize, repeats, mode, init, seed, dtype };
    printJson({ ...settings, backend: backend.name, device: backend.device, architectures: scored.map(jsonOf) });
  } else {
    print(ntkTable(networks, { width: terminalWidth() }));
  }
}

/** The cells that the command line names, or those that the literature does. */
function candidatesOf(arch: readonly string[] | undefined): Candidate[] {
  const named = Object.entries(WELL_KNOWN_CELLS);
  const chosen = arch?.map((text) => [named.find(([, known]) => known === text)?.[0] ?? text, text] as const) ?? named;
  return chosen.map(([name, architecture]) => ({ name, architecture, genotype: parseGenotype(architecture) }));
}

async function score(
  candidate: Candidate,
  batches: readonly NDArray[],
  { channels, cells, mode, init, seed }: ScoreCommandOptions,
  { backend, dtype }: Computation,
  onRows: (done: number) => void,
): Promise<Scored> {
  const network = cellNetwork(candidate.genotype, { channels, cells, classes: CLASSES, depth: -1, useStem: true });
  const program = await NtkProgram.compile(network, batches[0].shape, { mode, dtype, backend });
  const ntks: Ntk[] = [];
  const seconds: number[] = [];
  try {
    for (const [repeat, images] of batches.entries()) {
      initialize(network, TE_NAS_SCHEMES[init], new Generator(seed).fork(`weights ${repeat}`));
      const start = performance.now();
      ntks.push(await program.run(images, { onProgress: ({ done, of }) => onRows(repeat * of + done) }));
      seconds.push((performance.now() - start) / 1000);
    }
  } finally {
    program.dispose();
  }
  return { ...candidate, ntks, seconds };
}

function networkOf({ name, architecture, ntks, seconds }: Scored): ScoredNetwork {
  return { name, detail: architecture, ntks, seconds: mean(seconds) };
}

function jsonOf({ architecture, ntks, seconds }: Scored): object {
  const kappas = ntks.map(({ kappa }) => kappa);
  return {
    architecture,
    parameters: ntks[0].parameters.used,
    kappas,
    mean: mean(kappas),
    spread: standardDeviation(kappas),
    verdict: worst(ntks.map(({ verdict }) => verdict)),
    verdicts: ntks.map(({ verdict }) => verdict),
    noiseFloors: ntks.map(({ noiseFloor }) => noiseFloor),
    seconds,
  };
}

function settingsOf(
  options: ScoreCommandOptions,
  { backend, dtype }: Computation,
  images: NDArray,
): [string, string][] {
  return [
    ['data', options.data],
    ['batch', `${images.shape[0]} images of ${images.shape.slice(1).join(' × ')}`],
    ['network', `C = ${options.channels}, N = ${options.cells}`],
    ['mode', options.mode],
    ['initialisation', options.init],
    ['repeats', String(options.repeats)],
    ['seed', String(options.seed)],
    ['backend', `${backend.name} (${backend.device})`],
    ['precision', dtype],
  ];
}

/** Outputs of the networks scored; CIFAR-10's. */
const CLASSES = 10;

function worst(verdicts: readonly Verdict[]): Verdict {
  const order: readonly Verdict[] = ['indefinite', 'lower-bound', 'resolved'];
  return order.find((verdict) => verdicts.includes(verdict))!;
}
