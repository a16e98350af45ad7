import { onAbort } from '../../../abort.ts';
import { checkOptions, formatValue } from '../../../check.ts';
import { BackendError, InputError } from '../../../errors.ts';
import { inTurns, nextTurn, turnIsDue } from '../../../turns.ts';
import { allocateShared, type FloatArray, type NDArray } from '../../array.ts';
import type { Arguments, Backend, Executable, Places } from '../../backend.ts';
import { JoinedColumns } from '../../joinedColumns.ts';
import type { Plan } from '../../plan.ts';
import { emitModule } from './emit/elementwise.ts';
import { compileModule, hasSimd } from './kernelModule.ts';
import type { EmittedFunctions } from './lowering.ts';
import type { Sent } from './messages.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { type LoweredPlan, loweringOf } from './program.ts';
import { hasWebWorkers } from './thread.ts';

const CLOSED = 'backend wasm: expected an open backend, got one that was closed';

/** How many blocks a worker is sent ahead: it computes one while the results of the other are taken in. */
const BLOCKS_AHEAD = 2;

/** How many modules of emitted functions are kept for further programs. */
const MODULES_KEPT = 64;

const FOUR_GIB = 2 ** 32;

/** Arrays of at least this many bytes are shared with workers, not sent. */
const LARGE_BYTES = 2 ** 16;

/** Settings of {@link wasmBackend}. */
export interface WasmBackendOptions {
  /** Worker threads; as many as there are processors (8 at most) by default. */
  readonly threads?: number | undefined;
  /**
   * Whether threads share one memory. They do wherever they can: everywhere but in a page that is not cross-origin
   * isolated, where each has a memory of its own and computes the fixed part of a plan for itself.
   */
  readonly sharedMemory?: boolean | undefined;
  /** The most bytes of a memory; by default 4 GiB, all that WebAssembly can address. */
  readonly maximumBytes?: number | undefined;
  /**
   * Where web workers find their script: a copy of `ntkit/worker`, on the page's own origin. By default they start from
   * a `blob:` URL, which a Content-Security-Policy may forbid.
   */
  readonly workerUrl?: string | URL | undefined;
}

/** The `wasm` backend. */
export interface WasmBackend extends Backend {
  /** Whether {@link Backend.close} was called. */
  readonly closed: boolean;
}

/** Whether the `wasm` backend can run here: in Node and in every browser since 2023. */
export function wasmIsSupported(): boolean {
  return hasSimd();
}

/**
 * The fast backend: SIMD kernels in WebAssembly, in float32 (sums of kernel matrices in float64), on worker threads.
 *
 * Nothing is computed on the thread that asks. Workers start with the first plan that is compiled, do not keep a process
 * alive, and live until {@link Backend.close}.
 *
 * @throws BackendError when this machine's WebAssembly has no SIMD, InputError when an option makes no sense.
 */
export function wasmBackend(options: WasmBackendOptions = {}): WasmBackend {
  checkOptions('backend wasm', options, ['threads', 'sharedMemory', 'maximumBytes', 'workerUrl']);
  const {
    threads = defaultThreads(),
    sharedMemory: shared = canShareMemory(),
    maximumBytes = FOUR_GIB,
    workerUrl,
  } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new InputError(`backend wasm: expected a whole number of threads ≥ 1, got ${formatValue(threads)}`);
  }
  if (!Number.isInteger(maximumBytes) || maximumBytes < 1) {
    throw new InputError(`backend wasm: maximumBytes: expected a whole number ≥ 1, got ${formatValue(maximumBytes)}`);
  }
  if (typeof shared !== 'boolean') {
    throw new InputError(`backend wasm: sharedMemory: expected true or false, got ${formatValue(shared)}`);
  }
  if (shared && !canShareMemory()) {
    throw new BackendError('backend wasm: sharedMemory: expected a page that is cross-origin isolated');
  }
  if (workerUrl !== undefined && typeof workerUrl !== 'string' && !(workerUrl instanceof URL)) {
    throw new InputError(`backend wasm: workerUrl: expected a URL, got ${formatValue(workerUrl)}`);
  }
  if (workerUrl !== undefined && !hasWebWorkers()) {
    throw new InputError('backend wasm: workerUrl: expected none where there are no web workers, as in Node');
  }
  if (!hasSimd()) throw new BackendError('backend wasm: no SIMD in the WebAssembly of this machine');
  return new Wasm({ threads, shared, maximumBytes: Math.min(maximumBytes, FOUR_GIB), workerUrl });
}

class Wasm implements WasmBackend {
  readonly name = 'wasm';
  readonly device: string;
  readonly dtypes = ['float32'] as const;
  readonly parallelism: number;
  readonly #options: PoolOptions;
  #pool: Promise<Pool> | undefined;
  #closed = false;
  readonly #modules = new Map<string, Promise<WebAssembly.Module>>();
  /** What plans became, for as long as they live: programs of one structure share a plan. */
  readonly #lowered = new WeakMap<Plan, Promise<LoweredPlan>>();

  constructor(options: PoolOptions) {
    const { threads, shared } = options;
    this.#options = options;
    this.parallelism = threads;
    this.device = `WebAssembly SIMD, ${threads} ${threads === 1 ? 'thread' : 'threads'}${shared ? '' : ', separate memories'}`;
  }

  async compile(plan: Plan): Promise<Executable> {
    this.#checkOpen();
    const { shared, threads } = this.#options;
    let lowering = this.#lowered.get(plan);
    if (lowering === undefined) this.#lowered.set(plan, (lowering = inTurns(loweringOf(plan, shared ? threads : 1))));
    const lowered = await lowering;
    if (turnIsDue()) await nextTurn();
    const [pool, emitted] = await Promise.all([this.#started(), this.#emitted(lowered.functions)]);
    this.#checkOpen();
    if (turnIsDue()) await nextTurn();
    this.#checkOpen();
    return WasmExecutable.load(pool, lowered, emitted, plan);
  }

  get closed(): boolean {
    return this.#closed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pool = this.#pool;
    this.#pool = undefined;
    // That the workers did not start was told to who compiled a plan.
    await pool?.then(
      (started) => started.close(),
      () => {},
    );
  }

  #checkOpen(): void {
    if (this.#closed) throw new BackendError(CLOSED);
  }

  /** The module of a program's own functions. Programs of the same functions share one; the last few are kept. */
  #emitted({ key, byName }: EmittedFunctions): Promise<WebAssembly.Module> | undefined {
    if (byName.size === 0) return undefined;
    const module = this.#modules.get(key) ?? compileModule(emitModule(byName, this.#options.shared));
    this.#modules.delete(key);
    this.#modules.set(key, module);
    if (this.#modules.size > MODULES_KEPT) this.#modules.delete(this.#modules.keys().next().value!);
    return module;
  }

  /** The workers; new ones if the last have died. */
  async #started(): Promise<Pool> {
    const running = await this.#pool;
    if (running && !running.failure) return running;
    this.#checkOpen(); // closed meanwhile: no worker starts that nobody would stop
    const started = Pool.start(this.#options);
    this.#pool = started;
    started.catch(() => (this.#pool = undefined));
    return started;
  }
}

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

class WasmExecutable implements Executable {
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
    const { functions: _, ...program } = lowered;
    const { programId, isNew, forget } = pool.remember(lowered);
    const programFor = (first: boolean) => (first ? program : { ...program, constants: [] });
    await this.#everywhere((worker) => {
      const [constants, fixed, ...places] = this.#places;
      const arena = places[worker] ?? places[0];
      return pool.ask(worker, {
        kind: 'load',
        id: this.#id,
        part: pool.options.shared ? worker : 0,
        emitted,
        programId,
        program: isNew ? programFor(worker === 0 || !pool.options.shared) : undefined,
        forget,
        bases: { constants, fixed, arena, scratch: arena + lowered.bytes.arena },
        memoryBytes: pool.memoryBytes,
      });
    });
  }

  async bind(fixed: Arguments, signal?: AbortSignal): Promise<void> {
    this.#checkUsable();
    // In one memory all compute the fixed stage together, and the first takes the inputs in.
    const { shared } = this.#pool.options;
    const data: Sent[] = [];
    for (const value of fixed) {
      if (turnIsDue()) await nextTurn(signal);
      data.push(this.#sendable(value));
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
    // A worker may still be at a run that was asked for: its memory is free when it has got to this.
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
    if (this.#disposed) throw new BackendError('backend wasm: this program is disposed of');
    if (this.#pool.failure) throw this.#pool.failure;
  }
}

function canShareMemory(): boolean {
  const { crossOriginIsolated = true } = globalThis as { crossOriginIsolated?: boolean };
  return typeof SharedArrayBuffer === 'function' && crossOriginIsolated;
}

function defaultThreads(): number {
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  return Math.max(1, Math.min(8, navigator?.hardwareConcurrency ?? processors()));
}

/** Node before 21 has no `navigator`, and before 20.16 no way to ask without loading a module. */
function processors(): number {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: 'node:os') => { availableParallelism(): number } };
  };
  return process?.getBuiltinModule?.('node:os').availableParallelism() ?? 2;
}
