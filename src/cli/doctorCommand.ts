import { cellNetwork, initialize, parseGenotype, TE_NAS_SCHEMES } from '../nn/index.ts';
import { computeNtk } from '../ntk/index.ts';
import { textTable } from '../report/index.ts';
import {
  type Backend,
  BackendError,
  constant,
  type DType,
  DTYPES,
  evaluate,
  Generator,
  GPU_MODES,
  type GpuAdapter,
  gpuAdapters,
  gpuBackend,
  type GpuMode,
  ndarray,
  type NDArray,
  NtkitError,
  referenceBackend,
  sum,
  wasmBackend,
} from '../tensor/index.ts';
import type * as commands from './commands.ts';
import type { OptionsOf } from './options.ts';
import { notice, print, printJson, terminalWidth } from './output.ts';

/** Options of `ntkit doctor`. */
type Options = OptionsOf<typeof commands.doctor>;

/** What is found out about a backend in one precision. */
interface Finding {
  readonly backend: string;
  readonly runs: boolean;
  /** What it runs on; absent where it does not run. */
  readonly device?: string;
  readonly dtype: DType;
  /** The largest error of an entry of Θ, relative to Θ's largest, and that of κ. */
  readonly kernelError?: number;
  readonly kappaError?: number;
  readonly seconds?: number;
  /** Why it does not run, and what would make it. */
  readonly reason?: string;
}

/** What is examined. */
interface Candidate {
  readonly backend: string;
  readonly dtype: DType;
  readonly open: () => Promise<Backend>;
}

/** The graphics that `--backend gpu` finds. */
interface Graphics {
  /** The adapters of WebGPU, the first of which it computes on. */
  readonly adapters: readonly GpuAdapter[];
  /** What `--gpu-mode auto` takes; undefined where there are no graphics. */
  readonly auto: { readonly mode: GpuMode; readonly renderer: string } | undefined;
}

/** `ntkit doctor`: every backend on a long sum and on a small network with all of the space's operations, against float64. */
export async function doctorCommand({ json }: Options): Promise<void> {
  const exact = await selfTest(referenceBackend, 'float64');
  const candidates: Candidate[] = [
    { backend: 'reference', dtype: 'float64', open: () => Promise.resolve(referenceBackend) },
    ...DTYPES.map((dtype) => ({ backend: 'wasm', dtype, open: () => Promise.resolve(wasmBackend()) })),
    ...GPU_MODES.map(
      (mode) => ({ backend: `gpu ${mode}`, dtype: 'float32', open: () => gpuBackend({ mode }) }) as const,
    ),
  ];
  const findings: Finding[] = [];
  for (const candidate of candidates) findings.push(await examine(candidate, exact));
  const graphics: Graphics = { adapters: await orElse(gpuAdapters, []), auto: await orElse(automatic, undefined) };
  if (json) printJson({ backends: findings, ...graphics });
  else {
    print(renderFindings(findings));
    print(renderGraphics(graphics));
    for (const { backend, reason } of findings) if (reason !== undefined) notice(`${backend}: ${reason}`);
  }
}

async function automatic(): Promise<Graphics['auto']> {
  const backend = await gpuBackend();
  const { mode, renderer } = backend;
  await backend.close();
  return { mode, renderer };
}

/** The result of a function, or another value where no backend is available. */
async function orElse<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof NtkitError)) throw error;
    return otherwise;
  }
}

type Result = Awaited<ReturnType<typeof selfTest>>;

async function selfTest(backend: Backend, dtype: DType): Promise<{ theta: NDArray; kappa: number; seconds: number }> {
  // 3×3 and 1×1 convolutions, average pools and skips, and the reductions between stages: all primitives of the space.
  const cell = '|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|';
  const settings = { channels: 2, cells: 1, classes: 10, depth: -1, useStem: true };
  const network = cellNetwork(parseGenotype(cell), settings);
  initialize(network, TE_NAS_SCHEMES.paper, new Generator(0));
  const images = new Generator(1).normals([4, 3, 16, 16], { dtype });
  const start = performance.now();
  const { kernel: theta, kappa } = await computeNtk(network, images, { mode: 'train', backend, dtype });
  return { theta, kappa, seconds: (performance.now() - start) / 1000 };
}

/**
 * The sum of 10⁶ ones, exact in any precision: some graphics stacks end long loops early, and say nothing.
 *
 * @throws BackendError when a backend gives another.
 */
export async function checkLongSum(backend: Backend, dtype: DType): Promise<void> {
  const count = 1_000_000;
  const ones = constant(ndarray(new Float32Array(count).fill(1), [count], dtype));
  const [{ data }] = await evaluate([sum(ones)], new Map(), backend);
  if (data[0] !== count) {
    throw new BackendError(`backend ${backend.name}: a sum of ${count} ones: expected ${count}, got ${data[0]}`);
  }
}

async function examine({ backend: name, dtype, open }: Candidate, exact: Result): Promise<Finding> {
  let backend: Backend | undefined;
  try {
    backend = await open();
    await checkLongSum(backend, dtype);
    const { theta, kappa, seconds } = await selfTest(backend, dtype);
    const largest = Math.max(...exact.theta.data.map(Math.abs));
    const kernelError = Math.max(...theta.data.map((value, i) => Math.abs(value - exact.theta.data[i]))) / largest;
    const kappaError = Math.abs(kappa / exact.kappa - 1);
    return { backend: name, runs: true, device: backend.device, dtype, kernelError, kappaError, seconds };
  } catch (error) {
    if (!(error instanceof NtkitError)) throw error;
    return { backend: name, runs: false, dtype, reason: error.message };
  } finally {
    await backend?.close();
  }
}

function renderFindings(findings: readonly Finding[]): string {
  const number = (value: number | undefined) => value?.toExponential(1) ?? '–';
  const columns = [
    ...[{ head: 'backend' }, { head: 'precision' }, { head: 'runs' }, { head: 'on' }],
    ...['error of Θ', 'error of κ', 's'].map((head) => ({ head, align: 'right' }) as const),
  ];
  const rows = findings.map(({ backend, dtype, runs, device = '–', kernelError, kappaError, seconds }) => [
    ...[backend, dtype, runs ? 'yes' : 'no', device],
    ...[number(kernelError), number(kappaError), seconds?.toFixed(2) ?? '–'],
  ]);
  return textTable(columns, rows, { width: terminalWidth() });
}

function renderGraphics({ adapters, auto }: Graphics): string {
  const columns = [
    ...[{ head: 'WebGPU adapter' }, { head: 'vendor' }, { head: 'type' }],
    ...['arrays a kernel', 'MiB an array'].map((head) => ({ head, align: 'right' }) as const),
  ];
  const rows = adapters.map(({ name, vendor, software, storageBuffers, bufferBytes }) => [
    ...[name, vendor, software ? 'software' : 'graphics device'],
    ...[String(storageBuffers), String(Math.floor(bufferBytes / 2 ** 20))],
  ]);
  const table = rows.length > 0 ? `${textTable(columns, rows, { width: terminalWidth() })}\n` : '';
  const taken = auto ? `${auto.mode} on ${auto.renderer}` : 'nothing: there are no graphics here';
  return `${table}--gpu-mode auto takes ${taken}`;
}
