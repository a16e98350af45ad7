import { onAbort } from '../../../abort.ts';
import { BackendError } from '../../../errors.ts';
import { nextTurn, turnIsDue } from '../../../turns.ts';
import { allocateShared, type FloatArray, type NDArray } from '../../array.ts';
import type { Arguments, Executable, Places } from '../../backend.ts';
import { JoinedColumns } from '../../joinedColumns.ts';
import type { Plan } from '../../plan.ts';
import type { Sent } from './messages.ts';
import type { Pool } from './pool.ts';
import type { LoweredPlan } from './program.ts';

/** How many blocks a worker is sent ahead: it computes one while the results of the other are taken in. */
const BLOCKS_AHEAD = 2;

/** Arrays of at least this many bytes are shared with workers, not sent. */
const LARGE_BYTES = 2 ** 16;

/** Asks workers to stop. */
class Stop {
  /** On memory that they share: they look at it before every call of a kernel. Others are sent nothing more. */
  readonly flag: Int32Array | undefined;
  asked = false;

  constructor(shared: boolean) {
    this.flag = shared ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
  }

  ask(): void {
    this.asked = true;
    if (this.flag) Atomics.store(this.flag, 0, 1);
  }
}

let nextId = 0;

/** A program on the workers of a pool. */
export class WasmExecutable implements Executable {
  readonly #pool: Pool;
  readonly #plan: Plan;
  readonly #id = nextId++;
  readonly #sizes: readonly number[];
  readonly #places: readonly number[];
  #disposed = false;

  private constructor(pool: Pool, plan: Plan, sizes: readonly number[], places: readonly number[]) {
    this.#pool = pool;
    this.#plan = plan;
    this.#sizes = sizes;
    this.#places = places;
  }

  static async load(
    pool: Pool,
    lowered: LoweredPlan,
    emitted: WebAssembly.Module | undefined,
    plan: Plan,
  ): Promise<WasmExecutable> {
    const { constants, fixed, arena, scratch } = lowered.bytes;
    const arenas = pool.options.shared ? pool.options.threads : 1;
    const sizes = [constants, fixed, ...new Array<number>(arenas).fill(arena + scratch)];
    const executable = new WasmExecutable(pool, plan, sizes, await pool.take(sizes));
    const load = executable.#load(lowered, emitted);
    pool.loading(load);
    try {
      await load;
    } catch (error) {
      executable.dispose();
      throw error;
    }
    return executable;
  }

  async #load(lowered: LoweredPlan, emitted: WebAssembly.Module | undefined): Promise<void> {
    const pool = this.#pool;
    const { functions: _, wide, ...program } = lowered;
    const kernels = wide ? pool.wideKernels() : undefined;
    const { programId, isNew, forget } = pool.remember(lowered);
    const programFor = (first: boolean) => (first ? program : { ...program, constants: [] });
    await this.#everywhere((worker) => {
      const [constants, fixed, ...places] = this.#places;
      const arena = places[worker] ?? places[0];
      return pool.ask(worker, {
        kind: 'load',
        id: this.#id,
        part: pool.options.shared ? worker : 0,
        wide: kernels,
        emitted,
        programId,
        program: isNew ? programFor(worker === 0 || !pool.options.shared) : undefined,
        forget,
        bases: { constants, fixed, arena, scratch: arena + lowered.bytes.arena },
        memoryBytes: pool.memoryBytes,
      });
    });
  }

  async bind(fixed: readonly (NDArray | undefined)[], signal?: AbortSignal): Promise<void> {
    this.#checkUsable();
    // In one memory all compute the fixed stage together, and the first takes the inputs in.
    const { shared } = this.#pool.options;
    const data: (Sent | undefined)[] = [];
    for (const value of fixed) {
      if (turnIsDue()) await nextTurn(signal);
      data.push(value && this.#sendable(value));
    }
    await this.#stoppable(signal, (stop) =>
      this.#everywhere((worker) =>
        this.#pool.ask(worker, {
          kind: 'bind',
          id: this.#id,
          data: shared && worker > 0 ? [] : data,
          stop: stop?.flag,
        }),
      ),
    );
  }

  async carried(): Promise<NDArray[]> {
    this.#checkUsable();
    const { outputs = [] } = await this.#pool.ask(0, { kind: 'read', id: this.#id });
    return this.#plan.carried.map(({ input }, i) => {
      const { shape, dtype } = this.#plan.values[input];
      return { shape, dtype, data: outputs[i]! };
    });
  }

  run(varying: Arguments, signal?: AbortSignal): Promise<NDArray[]> {
    return this.#stoppable(signal, (stop) => this.#run(0, varying, [], stop));
  }

  runBlocks(
    blocks: Iterable<Arguments>,
    consume: (block: number, outputs: readonly NDArray[]) => void,
    placesOf: (block: number) => Places = () => [],
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#stoppable(signal, (stop) => this.#runBlocks(blocks, consume, placesOf, stop));
  }

  async #runBlocks(
    blocks: Iterable<Arguments>,
    consume: (block: number, outputs: readonly NDArray[]) => void,
    placesOf: (block: number) => Places,
    stop: Stop | undefined,
  ): Promise<void> {
    const iterator = blocks[Symbol.iterator]();
    let count = 0;
    let ended = false;
    const lane = async (worker: number) => {
      try {
        for (;;) {
          if (turnIsDue()) await nextTurn();
          if (ended || stop?.asked) break;
          const next = iterator.next();
          if (next.done) break;
          const block = count++;
          consume(block, await this.#run(worker, next.value, placesOf(block), stop));
        }
      } finally {
        ended = true; // where one lane fails, the others stop, too
      }
    };
    const lanes: Promise<void>[] = [];
    // The first blocks go round the workers before any gets a second one.
    for (let ahead = 0; ahead < BLOCKS_AHEAD; ahead++) {
      for (let worker = 0; worker < this.#pool.options.threads; worker++) lanes.push(lane(worker));
    }
    const results = await Promise.allSettled(lanes);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    // A worker may still be running: its memory is free when it reaches this message.
    const unloaded = this.#everywhere((worker) => this.#pool.ask(worker, { kind: 'unload', id: this.#id }));
    this.#pool.giveAfter(unloaded, this.#places, this.#sizes);
  }

  /** Work that workers end soon after the signal is aborted: what they answer then has no meaning. */
  async #stoppable<T>(signal: AbortSignal | undefined, work: (stop: Stop | undefined) => Promise<T>): Promise<T> {
    if (signal === undefined) return work(undefined);
    const stop = new Stop(this.#pool.options.shared);
    const leave = onAbort(signal, () => stop.ask());
    try {
      return await work(stop);
    } finally {
      leave();
    }
  }

  async #run(worker: number, varying: Arguments, wanted: Places, stop: Stop | undefined): Promise<NDArray[]> {
    this.#checkUsable();
    const places = wanted.map((place) => (place && this.#isShared(place) ? place : undefined));
    const work = {
      kind: 'run',
      id: this.#id,
      data: varying.map((value) => this.#sendable(value)),
      places,
      stop: stop?.flag,
    } as const;
    const { outputs = [] } = await this.#pool.ask(worker, work);
    return outputs.map((data, i) => {
      const { shape, dtype } = this.#plan.values[this.#plan.outputs[i]];
      return { shape, dtype, data: data ?? places[i]! };
    });
  }

  /** Whether workers see the memory of an array. */
  #isShared({ buffer }: FloatArray): boolean {
    return this.#pool.options.shared && buffer instanceof SharedArrayBuffer;
  }

  /** An array as workers see it without another copy; a message would write it into a buffer, and read it out of it. */
  #sendable(value: NDArray): Sent {
    if (value instanceof JoinedColumns && value.ranges.every(({ data }) => this.#isShared(data))) return value.joined;
    const { data } = value;
    const small = data.byteLength < LARGE_BYTES;
    if (!this.#pool.options.shared || small || this.#isShared(data)) return data;
    const copy = allocateShared(value.dtype, data.length);
    copy.set(data);
    return copy;
  }

  async #everywhere(ask: (worker: number) => Promise<unknown>): Promise<void> {
    await Promise.all(Array.from({ length: this.#pool.options.threads }, (_, worker) => ask(worker)));
  }

  #checkUsable(): void {
    if (this.#disposed) throw new BackendError('backend wasm: this program has been disposed');
    if (this.#pool.failure) throw this.#pool.failure;
  }
}
