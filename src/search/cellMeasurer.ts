import { checkRunOptions } from '../abort.ts';
import { partOf, type RunOptions } from '../progress.ts';
import type { Dataset } from '../data/index.ts';
import { cellNetwork, type Genotype, initialize, TE_NAS_SCHEMES } from '../nn/index.ts';
import { LinearRegionProgram, NtkProgram } from '../ntk/index.ts';
import { type Backend, type DType, Generator, type NDArray } from '../tensor/index.ts';
import { regionBatches, repeatBatches, requireColour } from './batches.ts';
import { keepKappa, type KappaMeasurement } from './measurement.ts';
import { REGION_SCHEMES } from './measurer.ts';
import type { SweepSettings } from './settings.ts';
import { checkSweepSettings } from './sweepSettings.ts';

/** What was measured of one cell, in each repeat. */
export interface CellMeasurement {
  readonly kappas: readonly KappaMeasurement[];
  readonly regions: readonly number[];
}

/**
 * Measures cells on the same images and, for layers of the same name, the same weights, so that differences come from
 * the cells.
 *
 * @example
 * const measurer = new CellMeasurer(sweepSettings, new SyntheticDataset({ length: 100, shape: [3, 8, 8] }));
 * const { kappas, regions } = await measurer.measure(cellAt(9506), await defaultBackend());
 * console.log(kappas.length, kappas[0].verdict, regions[0] > 0); // 1 resolved true
 */
export class CellMeasurer {
  readonly #settings: SweepSettings;
  readonly #images: readonly NDArray[];
  readonly #crops: readonly (readonly NDArray[])[];

  /** @throws InputError when the data hold fewer images than a batch or none of 3 channels, or a setting has an unknown value. */
  constructor(settings: SweepSettings, dataset: Dataset) {
    checkSweepSettings(settings);
    requireColour(dataset);
    const { batchSize, repeats, seed, regions } = settings;
    this.#settings = settings;
    this.#images = repeatBatches(dataset, batchSize, repeats, seed);
    const generator = new Generator(seed).fork('region images');
    this.#crops = this.#images.map((_, repeat) => regionBatches(dataset, regions, generator.fork(repeat)));
  }

  /**
   * κ and linear regions of a cell.
   *
   * @throws the signal's reason when it is aborted.
   */
  async measure(cell: Genotype, backend: Backend, options: RunOptions = {}): Promise<CellMeasurement> {
    checkRunOptions('measure', options);
    const { signal, onProgress } = options;
    // Every repeat counts twice: κ, and regions.
    const all = this.#images.length + this.#crops.length;
    const kappas = await this.#kappas(cell, backend, { signal, onProgress: partOf(onProgress, 0, all) });
    const rest = partOf(onProgress, this.#images.length, all);
    return { kappas, regions: await this.#regions(cell, backend, { signal, onProgress: rest }) };
  }

  async #kappas(cell: Genotype, backend: Backend, { signal, onProgress }: RunOptions): Promise<KappaMeasurement[]> {
    const { channels, cells, classes, mode, dtype, init, seed } = this.#settings;
    const network = cellNetwork(cell, { channels, cells, classes, depth: -1, useStem: true });
    const options = { mode, backend, dtype: dtype as DType, signal };
    const program = await NtkProgram.compile(network, this.#images[0].shape, options);
    const kappas: KappaMeasurement[] = [];
    try {
      for (const [repeat, images] of this.#images.entries()) {
        initialize(network, TE_NAS_SCHEMES[init], new Generator(seed).fork(`weights ${repeat}`));
        kappas.push(keepKappa(await program.run(images, { signal })));
        onProgress?.({ done: kappas.length, of: this.#images.length, stage: 'repeats' });
      }
    } finally {
      program.dispose();
    }
    return kappas;
  }

  /** Regions of one cell of one channel, as in a search. */
  async #regions(cell: Genotype, backend: Backend, { signal, onProgress }: RunOptions): Promise<number[]> {
    const { classes, dtype, init, seed } = this.#settings;
    const network = cellNetwork(cell, { channels: 1, cells: 1, classes, depth: 1, useStem: false });
    const options = { backend, dtype: dtype as DType, signal };
    const program = await LinearRegionProgram.compile(network, this.#crops[0][0].shape, options);
    const counts: number[] = [];
    try {
      for (const [repeat, crops] of this.#crops.entries()) {
        initialize(network, REGION_SCHEMES[init], new Generator(seed).fork(`weights ${repeat}`));
        counts.push((await program.run(crops, { signal })).regions);
        onProgress?.({ done: counts.length, of: this.#crops.length, stage: 'repeats' });
      }
    } finally {
      program.dispose();
    }
    return counts;
  }
}
