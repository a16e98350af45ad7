import { checkIterable, formatValue } from '../check.ts';
import { checkRunOptions } from '../abort.ts';
import type { RunOptions } from '../progress.ts';
import { checkModule, type ImageBatch, type Module, recalibrateBatchNorm } from '../nn/index.ts';
import {
  type Backend,
  checkArray,
  defaultBackend,
  type DType,
  formatShape,
  InputError,
  ELEMENT_BYTES,
  precisionOf,
  type Shape,
} from '../tensor/index.ts';
import { teNasKappa } from './conditionNumber.ts';
import { JacobianProgram, type JacobianRows } from './jacobianRows.ts';
import { checkBytes } from './memory.ts';
import { stackRows } from './kernelMatrix.ts';
import { ntkOf, TE_NAS_KERNEL } from './ntk.ts';

/** Arguments of {@link getNtkN}, named and defaulted as in TE-NAS. */
export interface GetNtkNOptions extends RunOptions {
  /**
   * Batches to recalibrate the running statistics on before; none when 0. TE-NAS's published code takes this argument and
   * does nothing with it: the lines that would call `recal_bn` are commented out. Here they are in force.
   */
  readonly recalbn?: number | undefined;
  /** Whether batch norm normalises by the batch. TE-NAS passes true. */
  readonly trainMode?: boolean | undefined;
  /** Batches to take; all when 0 or less. */
  readonly numBatch?: number | undefined;
  /** Where it is computed; `defaultBackend` by default. */
  readonly backend?: Backend | undefined;
  readonly dtype?: DType | undefined;
  /** The most bytes that the rows of all networks and their kernels may take; by default what the system has left. */
  readonly maximumBytes?: number | undefined;
}

/** The names of all of {@link GetNtkNOptions}. */
const GET_NTK_N_OPTIONS = [
  'recalbn',
  'trainMode',
  'numBatch',
  'backend',
  'dtype',
  'maximumBytes',
  'signal',
  'onProgress',
] as const;

/**
 * κ of several networks on the same batches: TE-NAS's `get_ntk_n` (Chen et al. 2021).
 *
 * Rows of J of all batches are stacked before Θ = J·Jᵀ is formed. The results are plain numbers as the original gives
 * them (but see `recalbn`): NaN becomes 100000, infinity the largest double. The networks' variables stay as they are, but for running
 * statistics when `recalbn` asks for it. (A train-mode forward in PyTorch moves them, too; no κ depends on that.)
 *
 * @param loader gives batches of images [N, C, H, W]; it is iterated once, and once more a network to recalibrate.
 * @throws InputError when the loader gives no batch or images hold NaN, ShapeError when they do not fit a network,
 * BackendError when the rows of all batches need more memory than there is.
 *
 * @example
 * const loader = [{ images }]; // or a DataLoader
 * const kappas = await getNtkN(loader, [network], { trainMode: true, numBatch: 1 });
 * console.log(kappas.length, kappas[0] > 1); // 1 true
 */
export async function getNtkN(
  loader: Iterable<ImageBatch>,
  networks: Iterable<Module>,
  given: GetNtkNOptions = {},
): Promise<number[]> {
  checkRunOptions('getNtkN', given, GET_NTK_N_OPTIONS);
  checkIterable('getNtkN: loader', loader);
  checkIterable('getNtkN: networks', networks);
  const all = [...networks];
  for (const network of all) checkModule('getNtkN: networks', network);
  const { recalbn = 0, trainMode = false, numBatch = -1, dtype, signal, onProgress } = given;
  if (typeof trainMode !== 'boolean') {
    throw new InputError(`getNtkN: trainMode: expected true or false, got ${formatValue(trainMode)}`);
  }
  for (const [name, count] of Object.entries({ recalbn, numBatch })) {
    if (!Number.isInteger(count))
      throw new InputError(`getNtkN: ${name}: expected an integer, got ${formatValue(count)}`);
  }
  const backend = given.backend ?? (await defaultBackend(dtype));
  const computation = { backend, dtype: precisionOf(backend, dtype), signal };
  const options = {
    ...TE_NAS_KERNEL,
    mode: trainMode ? 'train' : 'eval',
    ...computation,
    maximumBytes: given.maximumBytes,
  } as const;
  if (recalbn > 0) for (const network of all) await recalibrateBatchNorm(network, loader, recalbn, computation);

  const rows: JacobianRows[][] = all.map(() => []);
  const programs = new Map<string, JacobianProgram>();
  const batches = take(loader, numBatch > 0 ? numBatch : Infinity);
  if (batches.length === 0) throw new InputError('getNtkN: expected at least one batch, got an empty loader');
  const images = batches.map((batch) => {
    const { images } = Object(batch) as ImageBatch;
    checkArray('getNtkN: images', images);
    return images;
  });
  const keyOf = (network: number, shape: Shape) => `${network} ${formatShape(shape)}`;
  let done = 0;
  try {
    for (const { shape } of images) {
      for (const [i, network] of all.entries()) {
        const key = keyOf(i, shape);
        if (!programs.has(key)) programs.set(key, await JacobianProgram.compile(network, shape, options));
      }
    }
    checkTotal(
      all.map((_, i) => images.map(({ shape }) => programs.get(keyOf(i, shape))!)),
      given.maximumBytes,
    );
    for (const batch of images) {
      for (const i of all.keys()) {
        rows[i].push(await programs.get(keyOf(i, batch.shape))!.run(batch, { signal }));
        onProgress?.({ done: ++done, of: images.length * all.length, stage: 'batches' });
      }
    }
  } finally {
    for (const program of programs.values()) program.dispose();
  }
  const kappas: number[] = [];
  for (const stack of rows) {
    kappas.push(teNasKappa((await ntkOf(stackRows(stack), { backend, signal })).kappa));
    onProgress?.({ done: kappas.length, of: all.length, stage: 'eigenvalues' });
  }
  return kappas;
}

/**
 * Makes sure that the rows of all batches of all networks fit, and the kernel of each network. Rows of several batches are
 * copied into one, a network at a time.
 */
function checkTotal(programs: readonly (readonly JacobianProgram[])[], maximumBytes: number | undefined): void {
  let bytes = 0;
  let most = 0;
  let rows = 0;
  for (const batches of programs) {
    const own = batches.reduce((sum, each) => sum + each.rowCount * each.parameterCount * ELEMENT_BYTES[each.dtype], 0);
    const count = batches.reduce((sum, { rowCount }) => sum + rowCount, 0);
    bytes += own;
    rows += count;
    most = Math.max(most, (batches.length > 1 ? own : 0) + 8 * count ** 2);
  }
  checkBytes(`getNtkN: ${rows} rows of J`, bytes + most, maximumBytes);
}

/** The first items of an iterable, which need not end. */
function take<T>(items: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const item of items) {
    taken.push(item);
    if (taken.length >= count) break;
  }
  return taken;
}
