import { checkOptions, formatValue, oneOf } from '../../../check.ts';
import { BackendError, InputError } from '../../../errors.ts';
import { inTurns, nextTurn, turnIsDue } from '../../../turns.ts';
import { type DType, DTYPES } from '../../array.ts';
import type { Backend, Executable } from '../../backend.ts';
import type { Plan } from '../../plan.ts';
import { emitModule } from './emit/elementwise.ts';
import { WasmExecutable } from './executable.ts';
import { compileModule, hasSimd } from './kernelModule.ts';
import type { EmittedFunctions } from './lowering.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { type LoweredPlan, loweringOf } from './program.ts';
import { hasWebWorkers } from './thread.ts';

const CLOSED = 'backend wasm: expected an open backend, got one that was closed';

/** How many modules of emitted functions are kept for further programs. */
const MODULES_KEPT = 64;

const FOUR_GIB = 2 ** 32;

/** Settings of {@link wasmBackend}. */
export interface WasmBackendOptions {
  /** The default precision; float32 if not given. It computes in both either way. */
  readonly dtype?: DType | undefined;
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

/**
 * Whether the `wasm` backend can run here: in Node and in every browser since 2023.
 *
 * @example
 * const backend = wasmIsSupported() ? wasmBackend() : referenceBackend;
 * console.log(backend.name); // wasm
 * await backend.close();
 */
export function wasmIsSupported(): boolean {
  return hasSimd();
}

/**
 * The fast backend: SIMD kernels in WebAssembly, in float32 (sums of kernel matrices in float64) or in float64, on worker
 * threads. The kernels for float64 are loaded with the first program that needs them.
 *
 * Nothing is computed on the thread that asks. Workers start with the first plan that is compiled, do not keep a process
 * alive, and live until {@link Backend.close}.
 *
 * @throws BackendError when this machine's WebAssembly has no SIMD, InputError when an option makes no sense.
 *
 * @example
 * const backend = wasmBackend({ threads: 2, dtype: 'float64' });
 * const { dtype, verdict } = await computeNtk(network, images, { backend });
 * console.log(dtype, verdict); // float64 resolved
 * await backend.close();
 */
export function wasmBackend(options: WasmBackendOptions = {}): WasmBackend {
  checkOptions('backend wasm', options, ['dtype', 'threads', 'sharedMemory', 'maximumBytes', 'workerUrl']);
  const {
    dtype = 'float32',
    threads = defaultThreads(),
    sharedMemory: shared = canShareMemory(),
    maximumBytes = FOUR_GIB,
    workerUrl,
  } = options;
  oneOf('backend wasm: dtype', dtype, DTYPES);
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
  const dtypes: readonly DType[] = dtype === 'float64' ? ['float64', 'float32'] : ['float32', 'float64'];
  return new Wasm(dtypes, { threads, shared, maximumBytes: Math.min(maximumBytes, FOUR_GIB), workerUrl });
}

class Wasm implements WasmBackend {
  readonly name = 'wasm';
  readonly device: string;
  readonly dtypes: readonly DType[];
  readonly parallelism: number;
  readonly #options: PoolOptions;
  #pool: Promise<Pool> | undefined;
  #closed = false;
  readonly #modules = new Map<string, Promise<WebAssembly.Module>>();
  /** What plans became, for as long as they live: programs of one structure share a plan. */
  readonly #lowered = new WeakMap<Plan, Promise<LoweredPlan>>();

  constructor(dtypes: readonly DType[], options: PoolOptions) {
    const { threads, shared } = options;
    this.dtypes = dtypes;
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
    if (lowered.wide) await pool.loadWide();
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
    // The caller that compiled a plan already got the error that the workers did not start.
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
