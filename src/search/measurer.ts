import { checkRunOptions } from '../abort.ts';
import type { RunOptions } from '../progress.ts';
import type { Dataset } from '../data/index.ts';
import {
  initialize,
  kaimingNormal,
  type Module,
  pytorchDefault,
  type Scheme,
  TE_NAS_SCHEMES,
  withZeroBias,
} from '../nn/index.ts';
import { LinearRegionProgram, NtkProgram } from '../ntk/index.ts';
import { type Backend, type DType, Generator } from '../tensor/index.ts';
import { kappaBatch, regionBatches, requireColour } from './batches.ts';
import { type Entry, keepKappa, type KappaMeasurement, type Measurement } from './measurement.ts';
import type { RoundState } from './schedule.ts';
import { checkSearchSettings } from './schemas.ts';
import type { Fidelity, SearchSettings } from './settings.ts';
import { type Choice, formatMask, type Mask, type Purpose, type SearchSpace, without } from './space.ts';

/** Weights of linear-region counts in the two readings of TE-NAS: Kaiming normal, fan-in; PyTorch's default. */
export const REGION_SCHEMES: Readonly<Record<Fidelity, Scheme>> = {
  paper: withZeroBias(kaimingNormal('fan-in')),
  code: pytorchDefault,
};

/** A supernet made ready for one kind of measurement. */
interface Prepared<P> {
  readonly key: string;
  readonly network: Module;
  readonly program: P & { dispose(): void };
}

/** Where one measurement's random numbers come from. */
interface Draw {
  readonly kappaWeights: Generator;
  readonly kappaImages: Generator;
  readonly regionWeights: Generator;
  readonly regionImages: Generator;
}

/**
 * Measures candidates. Every random number is a function of the seed, the round, the candidate and the repeat, never of
 * what was measured before: a search that is taken up again measures what it would have measured.
 *
 * @example
 * const space = SEARCH_SPACES['nas-bench-201'];
 * const dataset = new SyntheticDataset({ length: 100, shape: [3, 8, 8] });
 * const ofKappa = { ...settings, criteria: 'kappa', batchSize: 4 } as const;
 * const measurer = new Measurer(space, ofKappa, dataset, await defaultBackend());
 * const { before } = await measurer.reference(firstRound(space)); // the supernet of all operations
 * measurer.dispose();
 * console.log(before?.length, before?.[0].kappa?.verdict); // 1 resolved
 */
export class Measurer {
  readonly #space: SearchSpace;
  readonly #settings: SearchSettings;
  readonly #dataset: Dataset;
  readonly #backend: Backend;
  /** The networks that candidates are compared with: those of a round are the same. */
  #kappaBefore: Prepared<NtkProgram> | undefined;
  #regionsBefore: Prepared<LinearRegionProgram> | undefined;

  /** @throws InputError when a setting has an unknown value. */
  constructor(space: SearchSpace, settings: SearchSettings, dataset: Dataset, backend: Backend) {
    checkSearchSettings(settings);
    this.#space = space;
    this.#settings = settings;
    this.#dataset = dataset;
    this.#backend = backend;
  }

  /**
   * What a round's candidates are compared with, when they share it.
   *
   * @throws the signal's reason when it is aborted.
   */
  async reference(round: RoundState, options: RunOptions = {}): Promise<Entry> {
    checkRunOptions('measure', options);
    const { signal } = options;
    const draws = this.#draws(round);
    const before: Measurement[] = [];
    for (const draw of draws) {
      before.push(await this.#before(round, draw, signal));
      options.onProgress?.({ done: before.length, of: draws.length, stage: 'repeats' });
    }
    return { before };
  }

  /**
   * One candidate; and what it is compared with, unless that is shared.
   *
   * @throws the signal's reason when it is aborted.
   */
  async candidate(round: RoundState, choice: Choice, options: RunOptions = {}): Promise<Entry> {
    checkRunOptions('measure', options);
    const { signal } = options;
    const draws = this.#draws(round, choice);
    const mask = without(round.mask, [choice]);
    const before: Measurement[] = [];
    const after: Measurement[] = [];
    let kappa: Prepared<NtkProgram> | undefined;
    let regions: Prepared<LinearRegionProgram> | undefined;
    try {
      if (this.#uses('kappa')) kappa = await this.#prepareKappa(mask, signal);
      if (this.#uses('regions')) regions = await this.#prepareRegions(mask, signal);
      for (const draw of draws) {
        if (!this.#settings.paired) before.push(await this.#before(round, draw, signal));
        after.push(await this.#measure(kappa, regions, draw, signal));
        options.onProgress?.({ done: after.length, of: draws.length, stage: 'repeats' });
      }
    } finally {
      kappa?.program.dispose();
      regions?.program.dispose();
    }
    return this.#settings.paired ? { after } : { before, after };
  }

  /** Frees memory. */
  dispose(): void {
    this.#kappaBefore?.program.dispose();
    this.#regionsBefore?.program.dispose();
    this.#kappaBefore = undefined;
    this.#regionsBefore = undefined;
  }

  #uses(purpose: Purpose): boolean {
    return this.#settings.criteria === 'both' || this.#settings.criteria === purpose;
  }

  async #before({ mask, phaseMask }: RoundState, draw: Draw, signal: AbortSignal | undefined): Promise<Measurement> {
    const kappaMask = this.#settings.fidelity === 'code' ? phaseMask : mask;
    if (this.#uses('kappa') && this.#kappaBefore?.key !== formatMask(kappaMask)) {
      this.#kappaBefore?.program.dispose();
      this.#kappaBefore = undefined;
      this.#kappaBefore = await this.#prepareKappa(kappaMask, signal);
    }
    if (this.#uses('regions') && this.#regionsBefore?.key !== formatMask(mask)) {
      this.#regionsBefore?.program.dispose();
      this.#regionsBefore = undefined;
      this.#regionsBefore = await this.#prepareRegions(mask, signal);
    }
    return this.#measure(this.#kappaBefore, this.#regionsBefore, draw, signal);
  }

  async #prepareKappa(mask: Mask, signal: AbortSignal | undefined): Promise<Prepared<NtkProgram>> {
    requireColour(this.#dataset);
    const network = this.#space.supernet(mask, 'kappa', this.#settings.classes);
    const shape = [this.#settings.batchSize, ...this.#dataset.shape];
    const options = { mode: 'train', backend: this.#backend, dtype: this.#settings.dtype as DType, signal } as const;
    return { key: formatMask(mask), network, program: await NtkProgram.compile(network, shape, options) };
  }

  async #prepareRegions(mask: Mask, signal: AbortSignal | undefined): Promise<Prepared<LinearRegionProgram>> {
    const network = this.#space.supernet(mask, 'regions', this.#settings.classes);
    const shape = [this.#settings.regions.samples, 1, 3, 3];
    const options = { mode: 'train', backend: this.#backend, dtype: this.#settings.dtype as DType, signal } as const;
    return { key: formatMask(mask), network, program: await LinearRegionProgram.compile(network, shape, options) };
  }

  async #measure(
    kappa: Prepared<NtkProgram> | undefined,
    regions: Prepared<LinearRegionProgram> | undefined,
    draw: Draw,
    signal: AbortSignal | undefined,
  ): Promise<Measurement> {
    const { fidelity, batchSize, regions: size } = this.#settings;
    let measured: { readonly kappa?: KappaMeasurement; readonly regions?: number } = {};
    if (kappa !== undefined) {
      initialize(kappa.network, TE_NAS_SCHEMES[fidelity], draw.kappaWeights);
      const ntk = await kappa.program.run(kappaBatch(this.#dataset, batchSize, draw.kappaImages), { signal });
      measured = { kappa: keepKappa(ntk) };
    }
    if (regions !== undefined) {
      initialize(regions.network, REGION_SCHEMES[fidelity], draw.regionWeights);
      const counted = await regions.program.run(regionBatches(this.#dataset, size, draw.regionImages), { signal });
      measured = { ...measured, regions: counted.regions };
    }
    return measured;
  }

  /** A draw for each repeat; see {@link Fidelity} for which weights are drawn how often. */
  #draws(round: RoundState, choice?: Choice): Draw[] {
    const { seed, paired, fidelity, repeats } = this.#settings;
    const root = new Generator(seed).fork('search');
    const ofRound = root.fork(`round ${round.index}`);
    const own =
      paired || choice === undefined ? ofRound.fork('all') : ofRound.fork(`${choice.cell} ${choice.edge} ${choice.op}`);
    const once = fidelity === 'code';
    const ofPhase = round.phase === 'edges' ? root.fork('edges') : ofRound;
    return Array.from({ length: repeats }, (_, repeat) => {
      const each = own.fork(`repeat ${repeat}`);
      return {
        kappaWeights: (once ? ofPhase : each).fork('kappa weights'),
        kappaImages: each.fork('kappa images'),
        regionWeights: (once ? own : each).fork('region weights'),
        regionImages: each.fork('region images'),
      };
    });
  }
}
