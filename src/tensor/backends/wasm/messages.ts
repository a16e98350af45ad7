import type { FloatArray } from '../../array.ts';
import type { Joined } from '../../columns.ts';
import type { Places } from '../../backend.ts';
import type { Region } from './calls.ts';
import type { WasmProgram } from './program.ts';

/** What the first message of all tells a worker: the kernels but for those for float64, and the memory if it is shared. */
export interface Start {
  readonly kind: 'start';
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory | undefined;
}

/** An array of numbers, or where its columns lie on shared memory. */
export type Sent = FloatArray | Joined;

/** Requests, each answered by a {@link Reply} with the same job number. */
export type Request =
  | {
      readonly kind: 'load';
      readonly job: number;
      readonly id: number;
      /** Which of the lists of the fixed stage is this worker's. */
      readonly part: number;
      /** The number of the program, by which workers keep it. */
      readonly programId: number;
      /** The program if workers do not have it yet; without constants where another worker writes them. */
      readonly program: WasmProgram | undefined;
      /** The number of a program that will not be loaded again. */
      readonly forget: number | undefined;
      /** The kernels for float64, if this is the first program that calls any. */
      readonly wide: WebAssembly.Module | undefined;
      /** The functions that were emitted for the program, if it calls any. */
      readonly emitted: WebAssembly.Module | undefined;
      /** Where each region begins in this worker's memory. */
      readonly bases: Readonly<Record<Region, number>>;
      /** How large this worker's memory must be. */
      readonly memoryBytes: number;
    }
  | {
      readonly kind: 'bind';
      readonly job: number;
      readonly id: number;
      /** Empty where another worker takes the fixed inputs in; nothing for those that keep the value they have. */
      readonly data: readonly (Sent | undefined)[];
      /** On shared memory: 1 where what is not done yet is not wanted any more. */
      readonly stop: Int32Array | undefined;
    }
  | {
      readonly kind: 'run';
      readonly job: number;
      readonly id: number;
      readonly data: readonly Sent[];
      /** Arrays on shared memory that outputs are to be written to. */
      readonly places: Places;
      readonly stop: Int32Array | undefined;
    }
  /** For the values of inputs that are carried. */
  | { readonly kind: 'read'; readonly job: number; readonly id: number }
  | { readonly kind: 'unload'; readonly job: number; readonly id: number };

/** What a worker answers. */
export interface Reply {
  readonly job: number;
  /** The outputs of a run, but for those that have a place; or what is carried. */
  readonly outputs?: Places;
  /** What went wrong. */
  readonly error?: string;
}
