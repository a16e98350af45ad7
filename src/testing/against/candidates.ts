import { type Mode, type Module, Trace } from '../../nn/index.ts';
import type { JacobianRows } from '../../ntk/index.ts';
import { type NDArray, NumericalError, ShapeError, structureOf } from '../../tensor/index.ts';
import { choiceKey, type KernelComputation, networkKey } from './computation.ts';
import { type Frame, frameOf } from './frame.ts';
import { fullRows, type GramBlocks, gramBlocks } from './gramBlocks.ts';
import { changedNetwork } from './networkChanges.ts';
import { type Tolerances, tolerancesOf, unlessOutOfRange } from './tolerance.ts';

/** A kernel as a computation gives it, with the lengths that its rounding errors are relative to. */
export interface CandidateKernel {
  /** [size, size] */
  readonly matrix: Float64Array;
  /** [size] */
  readonly lengths: Float64Array;
}

/** The most bytes of inner products that are kept. */
const MOST_KEPT = 2 ** 29;

/** The kernels that mistaken computations give. What several have in common is computed once. */
export class Candidates {
  readonly #network: Module;
  readonly #x: NDArray;
  readonly #names: readonly string[];
  #signal: AbortSignal | undefined;
  readonly #tolerances = new Map<Mode, Tolerances>();
  readonly #rows = new Map<Mode, JacobianRows>();
  readonly #grams = new Map<string, GramBlocks>();
  readonly #frames = new Map<GramBlocks, Map<string, Frame>>();
  /** The first network of each structure. */
  readonly #structures = new Map<string, string>();
  /** The first network of its structure for each that was met. */
  readonly #networks = new Map<string, string | undefined>();

  constructor(network: Module, x: NDArray, names: readonly string[]) {
    this.#network = network;
    this.#x = x;
    this.#names = names;
  }

  /** What ends the computations that follow. */
  set signal(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** How far entries may be off in a mode. */
  async tolerances(mode: Mode): Promise<Tolerances> {
    let tolerances = this.#tolerances.get(mode);
    if (tolerances === undefined) {
      const rounded = await unlessOutOfRange(
        fullRows(this.#network, this.#x, { mode, dtype: 'float32', signal: this.#signal }),
      );
      this.#tolerances.set(mode, (tolerances = tolerancesOf(await this.rows(mode), rounded)));
    }
    return tolerances;
  }

  /** The rows of all outputs of the network as it is. */
  async rows(mode: Mode): Promise<JacobianRows> {
    let rows = this.#rows.get(mode);
    if (rows === undefined) {
      rows = await fullRows(this.#network, this.#x, { mode, signal: this.#signal });
      this.#rows.set(mode, rows);
    }
    return rows;
  }

  /** Equal for computations that give the same kernel; undefined where there is none, as over a single value. */
  key(computation: KernelComputation): string | undefined {
    const network = this.#met(computation);
    return network && `${network} ${choiceKey(computation)} ${computation.counts.join()}`;
  }

  /** The kernels of single parameters for a computation; undefined where there is none, or no finite one. */
  async frame(computation: KernelComputation): Promise<Frame | undefined> {
    const gram = await this.#gram(computation);
    if (gram === undefined) return undefined;
    let frames = this.#frames.get(gram);
    if (frames === undefined) this.#frames.set(gram, (frames = new Map<string, Frame>()));
    const key = choiceKey(computation);
    let frame = frames.get(key);
    if (frame === undefined) frames.set(key, (frame = frameOf(gram, computation)));
    return frame;
  }

  async #gram(computation: KernelComputation): Promise<GramBlocks | undefined> {
    const key = this.#met(computation);
    if (key === undefined) return undefined;
    const known = this.#grams.get(key);
    if (known) return known;
    const { mode, changes } = computation;
    const isChanged = Object.keys(changes).length > 0;
    const network = changedNetwork(this.#network, changes);
    try {
      const rows = isChanged ? await fullRows(network, this.#x, { mode, signal: this.#signal }) : await this.rows(mode);
      const gram = await gramBlocks(rows, this.#names, this.#signal);
      this.#keep(key, gram);
      return gram;
    } catch (error) {
      // Without its ε a channel that is constant divides 0 by 0: such a kernel has not been sent.
      if (!isChanged || !(error instanceof NumericalError)) throw error;
      this.#networks.set(networkKey(computation), undefined);
      return undefined;
    }
  }

  /** The first network that was met of the same structure: changes may change nothing. */
  #met(computation: KernelComputation): string | undefined {
    const key = networkKey(computation);
    if (this.#networks.has(key)) return this.#networks.get(key);
    const structure = this.#structure(computation);
    const first = structure && (this.#structures.get(structure) ?? key);
    if (structure && first) this.#structures.set(structure, first);
    this.#networks.set(key, first);
    return first;
  }

  #structure({ mode, changes }: KernelComputation): string | undefined {
    try {
      const { y } = new Trace(changedNetwork(this.#network, changes), this.#x.shape, { mode });
      return structureOf([y]).key;
    } catch (error) {
      // Batch norm by the batch refuses a single value.
      if (error instanceof ShapeError) return undefined;
      throw error;
    }
  }

  #keep(key: string, gram: GramBlocks): void {
    this.#grams.set(key, gram);
    const bytes = ({ blocks }: GramBlocks) => blocks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    let total = [...this.#grams.values()].reduce((sum, each) => sum + bytes(each), 0);
    for (const [oldest, each] of this.#grams) {
      if (total <= MOST_KEPT || each === gram) return;
      this.#grams.delete(oldest);
      this.#frames.delete(each);
      total -= bytes(each);
    }
  }
}

/** Θ: the sum of the kernels of single parameters, each as often as it counts. */
export function candidateKernel(frame: Frame, counts: readonly number[]): CandidateKernel {
  return {
    matrix: weightedSum(frame.blocks, counts, frame.size ** 2),
    lengths: weightedSum(frame.squares, counts, frame.size).map(Math.sqrt),
  };
}

/** The diagonal of {@link candidateKernel}. */
export function diagonalOf({ blocks, size }: Frame, counts: readonly number[]): Float64Array {
  const diagonal = new Float64Array(size);
  counts.forEach((count, p) => {
    if (count !== 0) for (let i = 0; i < size; i++) diagonal[i] += count * blocks[p][i * (size + 1)];
  });
  return diagonal;
}

function weightedSum(parts: readonly Float64Array[], counts: readonly number[], size: number): Float64Array {
  const sum = new Float64Array(size);
  counts.forEach((count, p) => {
    if (count !== 0) for (let e = 0; e < size; e++) sum[e] += count * parts[p][e];
  });
  return sum;
}
