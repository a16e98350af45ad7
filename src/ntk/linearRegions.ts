import { checkIterable } from '../check.ts';
import { abortable, checkRunOptions } from '../abort.ts';
import type { Abortable, RunOptions } from '../progress.ts';
import { checkBatchInTurns, type Mode, type Module, Trace } from '../nn/index.ts';
import {
  type Backend,
  cast,
  checkArray,
  defaultBackend,
  dependents,
  type DType,
  formatShape,
  InputError,
  type NDArray,
  precisionOf,
  Program,
  type Shape,
  ShapeError,
  sizeOf,
  type Tensor,
  topologicalOrder,
} from '../tensor/index.ts';
import { packPositive, PatternSet } from './patternSet.ts';
import { Queue } from '../queue.ts';

/** How linear regions are counted. */
export interface RegionOptions {
  /** How batch norm normalises; `train`, by the batch, by default, as in TE-NAS. */
  readonly mode?: Mode | undefined;
  /** Where it is computed; `defaultBackend` by default. */
  readonly backend?: Backend | undefined;
  /** The precision of the forward pass; the backend's own by default. */
  readonly dtype?: DType | undefined;
}

/** How many linear regions of a network a set of samples falls into. */
export interface LinearRegions {
  /** The number of distinct patterns. */
  readonly regions: number;
  readonly samples: number;
  /** ReLUs of one sample, as often as they are applied. */
  readonly reluUnits: number;
}

/**
 * Linear regions of a ReLU network (Hanin & Rolnick 2019; TE-NAS, Chen et al. 2021): between the surfaces on which a ReLU
 * switches, the network is linear, and the pattern of which ReLUs let their input pass names the region. Counted are the
 * distinct patterns that samples have, a measure of expressivity.
 *
 * ReLUs are read from the graph, whichever module or function made them. Their inputs are outputs of one program, so that
 * only they leave the backend; ReLUs of the same tensor switch together and are looked at once. A pattern is packed to one bit a ReLU, and the count
 * is exact ({@link PatternSet}), in time proportional to samples × ReLUs.
 *
 * @example
 * const program = await LinearRegionProgram.compile(network, images.shape);
 * const { regions, samples, reluUnits } = await program.run([images, images]); // the same four images twice
 * console.log(regions <= 4, samples, reluUnits); // true 8 16
 * program.dispose();
 */
export class LinearRegionProgram {
  /** ReLUs of one sample, as often as they are applied. */
  readonly reluUnits: number;
  readonly #trace: Trace;
  readonly #program: Program;
  readonly #units: readonly number[];
  readonly #queue = new Queue();

  private constructor(trace: Trace, program: Program, units: readonly number[], reluUnits: number) {
    this.#trace = trace;
    this.#program = program;
    this.#units = units;
    this.reluUnits = reluUnits;
  }

  /**
   * Traces and compiles a network for batches of one shape.
   *
   * @param images the shape of a batch, [N, …]
   * @throws InputError when the network has no ReLU, ShapeError when the images do not fit it.
   * @throws BackendError when the backend does not compute in the precision.
   */
  static async compile(
    network: Module,
    images: Shape,
    options: RegionOptions & Abortable = {},
  ): Promise<LinearRegionProgram> {
    checkRunOptions('linear regions', options, ['mode', 'backend', 'dtype', 'signal']);
    const { mode = 'train', dtype } = options;
    const backend = options.backend ?? (await defaultBackend(dtype));
    const trace = new Trace(network, images, { mode, dtype: precisionOf(backend, dtype) });
    const applied = reluInputs(trace);
    if (applied.length === 0) throw new InputError('linear regions: expected a network with ReLUs, got one without');
    const inputs: readonly Tensor[] = [...new Set(applied)];
    const unitsOf = ({ shape }: Tensor) => sizeOf(shape) / images[0];
    const program = await Program.compile(inputs, { varying: [trace.x], backend, signal: options.signal });
    const reluUnits = applied.reduce((sum, each) => sum + unitsOf(each), 0);
    return new LinearRegionProgram(trace, program, inputs.map(unitsOf), reluUnits);
  }

  /**
   * The regions that the samples of all batches fall into, with the network's present parameters.
   *
   * @param batches each [N, …], of the shape compiled for.
   * @throws InputError when images hold NaN or infinity, ShapeError when their shape is another.
   */
  async run(batches: readonly NDArray[], options: RunOptions = {}): Promise<LinearRegions> {
    checkRunOptions('linear regions', options, ['signal', 'onProgress']);
    checkIterable('linear regions: batches', batches);
    return abortable(
      this.#queue.run(() => this.#run(batches, options)),
      options.signal,
    );
  }

  async #run(batches: readonly NDArray[], { signal, onProgress }: RunOptions): Promise<LinearRegions> {
    const { x, dtype } = this.#trace;
    for (const images of batches) await checkBatchInTurns(images, 'images', x.shape, signal);
    const set = new PatternSet(this.#units.reduce((a, b) => a + b, 0));
    await this.#program.bind(this.#trace.variables(), signal);
    let done = 0;
    await this.#program.runBlocks(
      batches.map((images) => new Map([[x, cast(images, dtype)]])),
      (_, outputs) => {
        const packed = new Uint32Array(x.shape[0] * set.words);
        let offset = 0;
        outputs.forEach(({ data }, k) => {
          packPositive(data, this.#units[k], packed, set.words, offset);
          offset += this.#units[k];
        });
        for (let start = 0; start < packed.length; start += set.words) set.add(packed, start);
        onProgress?.({ done: ++done, of: batches.length, stage: 'batches' });
      },
      undefined,
      signal,
    );
    return { regions: set.size, samples: batches.length * x.shape[0], reluUnits: this.reluUnits };
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    this.#program.dispose();
  }
}

/**
 * The input of every ReLU between images and logits, as often as a ReLU is applied to it.
 *
 * @throws ShapeError when one does not begin with the batch: its ReLUs could not be separated by sample.
 */
function reluInputs({ x, y }: Trace): Tensor[] {
  const order = topologicalOrder([y]);
  const onImages = dependents(order, [x]);
  return order.flatMap(({ op, operands: [input] }) => {
    if (op.kind !== 'primitive' || op.primitive !== 'relu' || !onImages.has(input)) return [];
    if (input.rank === 0 || input.shape[0] % x.shape[0] !== 0) {
      throw new ShapeError(
        `linear regions: expected ReLUs of [${x.shape[0]}, …], the batch first, got one of ${formatShape(input.shape)}`,
      );
    }
    return [input];
  });
}

/**
 * The number of linear regions that samples fall into; see {@link LinearRegionProgram}.
 *
 * @param batches each [N, …], all of one shape.
 * @throws InputError when there is no batch or no ReLU, ShapeError when batches differ in shape or do not fit.
 *
 * @example
 * const { regions } = await countLinearRegions(network, [images]);
 * console.log(regions); // 4
 */
export async function countLinearRegions(
  network: Module,
  batches: readonly NDArray[],
  options: RegionOptions & RunOptions = {},
): Promise<LinearRegions> {
  checkRunOptions('linear regions', options, ['mode', 'backend', 'dtype', 'signal', 'onProgress']);
  const { onProgress, ...rest } = options;
  checkIterable('linear regions: batches', batches);
  if (batches.length === 0) throw new InputError('linear regions: expected at least one batch, got none');
  checkArray('linear regions: batches', batches[0]);
  const program = await LinearRegionProgram.compile(network, batches[0].shape, rest);
  try {
    return await program.run(batches, { signal: options.signal, onProgress });
  } finally {
    program.dispose();
  }
}
