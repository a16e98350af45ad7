import { BackendError } from '../../../errors.ts';
import { compileKernels, keepingAlive } from './kernelModule.ts';
import { Layout } from './layout.ts';
import { nextTurn } from '../../../turns.ts';
import { align } from './lowering.ts';
import { createMemory, PAGE } from './memory.ts';
import type { Reply, Request } from './messages.ts';
import { startThread, type Thread } from './thread.ts';

const MIB = 2 ** 20;

/** How a pool is set up. */
export interface PoolOptions {
  readonly threads: number;
  /** One memory for all threads, or one for each. */
  readonly shared: boolean;
  /** The most bytes of a memory. */
  readonly maximumBytes: number;
  /** Where the script of web workers lies; without it they start from one of the library's own making. */
  readonly workerUrl: string | URL | undefined;
}

/** A request without its number. */
type Work = Request extends infer R ? (R extends Request ? Omit<R, 'job'> : never) : never;

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** How many programs workers keep. */
const PROGRAMS_KEPT = 64;

/** Worker threads with kernels loaded, and the places in their memory. */
export class Pool {
  readonly options: PoolOptions;
  readonly #memory: WebAssembly.Memory | undefined;
  readonly #threads: Thread[] = [];
  readonly #pending: Map<number, Pending>[] = [];
  readonly #places = new Layout();
  readonly #releases = new Set<Promise<void>>();
  readonly #loads = new Set<Promise<void>>();
  /** The programs that workers have, the one last loaded at the end. */
  readonly #known = new Map<object, number>();
  #programs = 0;
  #wide: WebAssembly.Module | undefined;
  #wideSent = false;
  #job = 0;
  #failure: BackendError | undefined;

  private constructor(options: PoolOptions, memory: WebAssembly.Memory | undefined, heapBase: number) {
    this.options = options;
    this.#memory = memory;
    this.#places.take(heapBase);
  }

  /** @throws BackendError when a memory or a worker is not available. */
  static async start(options: PoolOptions): Promise<Pool> {
    return keepingAlive(() => Pool.#start(options));
  }

  /**
   * Loads and compiles the kernels for float64, once.
   *
   * @throws BackendError when this machine does not compile them.
   */
  async loadWide(): Promise<void> {
    this.#wide ??= await keepingAlive(() => compileKernels('float64', this.options.shared));
  }

  /** The kernels for float64, once: all workers take them with the first program that calls any. */
  wideKernels(): WebAssembly.Module | undefined {
    const wide = this.#wideSent ? undefined : this.#wide;
    this.#wideSent = true;
    return wide;
  }

  /**
   * Notes that workers are about to load a program.
   *
   * @returns its number, whether workers have to be sent it, and the number of one that they may forget for it.
   */
  remember(program: object): { programId: number; isNew: boolean; forget: number | undefined } {
    const old = this.#known.get(program);
    const programId = old ?? this.#programs++;
    this.#known.delete(program);
    this.#known.set(program, programId);
    if (this.#known.size <= PROGRAMS_KEPT) return { programId, isNew: old === undefined, forget: undefined };
    const [[oldest, forget]] = this.#known;
    this.#known.delete(oldest);
    return { programId, isNew: old === undefined, forget };
  }

  static async #start(options: PoolOptions): Promise<Pool> {
    const { threads, shared, workerUrl } = options;
    const module = await compileKernels('float32', shared);
    const memory = shared ? sharedMemory() : undefined;
    const instance = await WebAssembly.instantiate(module, { env: { memory: memory ?? createMemory(false) } });
    const pool = new Pool(options, memory, (instance.exports.heapBase as () => number)());
    for (let i = 0; i < threads; i++) {
      pool.#pending.push(new Map());
      const thread = await startThread(`ntkit ${i}`, workerUrl, {
        onReply: (reply) => pool.#settle(i, reply),
        onDeath: (reason) => void pool.#fail(`worker ${i} died: ${reason}`),
      });
      pool.#threads.push(thread);
      thread.post({ kind: 'start', module, memory });
    }
    return pool;
  }

  /** Why nothing can be computed any more, if so. */
  get failure(): BackendError | undefined {
    return this.#failure;
  }

  /** The size of the shared memory, or what that of every thread must be. */
  get memoryBytes(): number {
    return this.#memory?.buffer.byteLength ?? this.#places.size;
  }

  /**
   * Places for arrays, growing the memory if need be.
   *
   * @throws BackendError when the memory cannot grow so far; nothing is taken then.
   */
  async take(sizes: readonly number[]): Promise<number[]> {
    for (;;) {
      try {
        return this.#take(sizes);
      } catch (error) {
        // What is about to be given back may be enough; what was aborted while it was loaded is given back after that.
        const underWay = [...this.#releases, ...this.#loads];
        if (underWay.length === 0) throw error;
        await Promise.allSettled(underWay);
        await nextTurn();
      }
    }
  }

  /** Notes that an executable is being loaded, whose places may be given back as soon as it is. */
  loading(load: Promise<unknown>): void {
    const ended = load.then(
      () => void this.#loads.delete(ended),
      () => void this.#loads.delete(ended),
    );
    this.#loads.add(ended);
  }

  /** Takes places back, once all workers are done with them. */
  giveAfter(done: Promise<unknown>, places: readonly number[], sizes: readonly number[]): void {
    const release = done.then(
      () => {
        this.#give(places, sizes);
        this.#releases.delete(release);
      },
      () => void this.#releases.delete(release), // the workers have died, and the memory with them
    );
    this.#releases.add(release);
  }

  #take(sizes: readonly number[]): number[] {
    const taken = sizes.map((bytes) => this.#places.take(bytes));
    try {
      this.#grow(this.#places.size + PAGE); // kernels read whole vectors: up to 12 bytes past an array's end
    } catch (error) {
      this.#give(taken, sizes);
      throw error;
    }
    return taken;
  }

  #give(places: readonly number[], sizes: readonly number[]): void {
    places.forEach((place, i) => this.#places.give(place, sizes[i]));
    this.#places.trim();
  }

  /**
   * Has a worker do something.
   *
   * @throws BackendError when it cannot, or has died.
   */
  async ask(worker: number, work: Work): Promise<Reply> {
    if (this.#failure) throw this.#failure;
    const pending = this.#pending[worker];
    const job = this.#job++;
    const reply = new Promise<Reply>((resolve, reject) => pending.set(job, { resolve, reject }));
    if (pending.size === 1) this.#threads[worker].hold(true);
    this.#threads[worker].post({ ...work, job });
    return reply;
  }

  async close(): Promise<void> {
    await this.#fail('expected an open backend, got one that was closed');
  }

  #settle(worker: number, reply: Reply): void {
    const pending = this.#pending[worker];
    const waiting = pending.get(reply.job);
    if (waiting === undefined) return; // it came too late
    pending.delete(reply.job);
    if (pending.size === 0) this.#threads[worker].hold(false);
    if (reply.error === undefined) waiting.resolve(reply);
    else waiting.reject(new BackendError(`backend wasm: worker ${worker}: ${reply.error}`));
  }

  async #fail(reason: string): Promise<void> {
    if (this.#failure) return;
    this.#failure = new BackendError(`backend wasm: ${reason}`);
    for (const pending of this.#pending) {
      for (const { reject } of pending.values()) reject(this.#failure);
      pending.clear();
    }
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #grow(bytes: number): void {
    const { maximumBytes } = this.options;
    const have = this.memoryBytes;
    const cannot = (why: string, cause?: unknown) =>
      new BackendError(
        `backend wasm: memory cannot grow, ${why}: expected at most ${format(maximumBytes)}, got ${format(bytes)} needed`,
        { cause },
      );
    if (bytes > maximumBytes) throw cannot('its limit is reached');
    if (!this.#memory || bytes <= have) return; // each thread grows its own when it loads
    try {
      this.#memory.grow(Math.ceil((bytes - have) / PAGE));
    } catch (error) {
      throw cannot('the system gives no more', error);
    }
  }
}

function sharedMemory(): WebAssembly.Memory {
  try {
    return createMemory(true);
  } catch (error) {
    throw new BackendError('backend wasm: no address space for a shared memory of up to 4 GiB', { cause: error });
  }
}

function format(bytes: number): string {
  return `${(align(bytes) / MIB).toFixed(1)} MiB`;
}
