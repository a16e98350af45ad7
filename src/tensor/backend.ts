import { oneOf } from '../check.ts';
import { BackendError } from '../errors.ts';
import { type DType, DTYPES, type FloatArray, type NDArray } from './array.ts';
import type { Plan } from './plan.ts';

/** Values of a plan's fixed or varying inputs, in the plan's order. */
export type Arguments = readonly NDArray[];

/**
 * Where the outputs of a block are wanted, in the plan's order: an array of an output's size, or `undefined` where any
 * array will do. Arrays on shared memory save the copy from a worker.
 */
export type Places = readonly (FloatArray | undefined)[];

/** Something that computes plans. */
export interface Backend {
  /** `reference`, … as named on the command line. */
  readonly name: string;
  /** What it really runs on, for people: threads, renderer, precision. */
  readonly device: string;
  /** The precisions it computes in; the first is its default. */
  readonly dtypes: readonly DType[];
  /** How many blocks it computes side by side; a number of blocks that this divides keeps all of it busy to the end. */
  readonly parallelism: number;
  /**
   * The preferred block size, where it differs from a processor's: the most rows, and the most bytes of the largest
   * array.
   */
  readonly blocks?: { readonly rows: number; readonly bytes: number };
  /**
   * Prepares a plan for any number of runs.
   *
   * @throws BackendError when it does not compute in a precision that the plan has, or the backend is closed.
   */
  compile(plan: Plan): Promise<Executable>;
  /**
   * Frees everything the backend holds. A closed backend cannot be opened again: compiling on it, and binding or running
   * what it compiled before, is a BackendError; runs that have not ended fail with one. Closing twice, and disposing of
   * programs afterwards, is allowed. `referenceBackend` holds nothing: closing it changes nothing, and it stays usable.
   */
  close(): Promise<void>;
}

/** A plan made ready by a backend. */
export interface Executable {
  /**
   * Gives the fixed inputs, runs the fixed steps and keeps what later runs need. Replaces an earlier binding.
   *
   * @param fixed `undefined` for an input that is carried: it has the value that the last binding left.
   * @param signal where it is aborted, here and below, work stops soon, whatever then becomes of the promise.
   */
  bind(fixed: readonly (NDArray | undefined)[], signal?: AbortSignal): Promise<void>;
  /** The present values of the inputs that are carried from one binding to the next, in the plan's order. */
  carried(): Promise<NDArray[]>;
  /** Runs the varying steps once. The outputs belong to the caller. */
  run(varying: Arguments, signal?: AbortSignal): Promise<NDArray[]>;
  /**
   * Runs the varying steps once for each block, in any order and possibly side by side. Blocks are asked for one by one,
   * shortly before they are computed.
   *
   * @param consume receives each block's outputs as they are done; the arrays are valid during the call alone, but for
   * those that are the places asked for.
   * @param placesOf where the outputs of a block are wanted. A hint: an output that lies elsewhere is left there.
   */
  runBlocks(
    blocks: Iterable<Arguments>,
    consume: (block: number, outputs: readonly NDArray[]) => void,
    placesOf?: (block: number) => Places,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Frees memory; the executable cannot be used after it. */
  dispose(): void;
}

/**
 * The precision to compute in: the one asked for, or the backend's own.
 *
 * @throws BackendError when the backend lacks it, InputError when it is no precision.
 *
 * @example
 * console.log(precisionOf(referenceBackend, undefined), precisionOf(referenceBackend, 'float32')); // float64 float32
 */
export function precisionOf({ name, dtypes }: Backend, dtype: DType | undefined): DType {
  if (dtype === undefined) return dtypes[0];
  const known = oneOf('dtype', dtype, DTYPES);
  if (!dtypes.includes(known)) {
    throw new BackendError(`backend ${name}: dtype: expected ${dtypes.join(' or ')}, got ${known}`);
  }
  return known;
}
