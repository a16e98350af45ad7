import { checkIterable, formatValue } from '../check.ts';
import { checkRunOptions } from '../abort.ts';
import type { RunOptions } from '../progress.ts';
import { type ImageBatch, type Module, recalibrateBatchNorm } from '../nn/index.ts';
import {
  type Backend,
  checkArray,
  defaultBackend,
  type DType,
  formatShape,
  InputError,
  precisionOf,
} from '../tensor/index.ts';
import { teNasKappa } from './conditionNumber.ts';
import { JacobianProgram, type JacobianRows } from './jacobianRows.ts';
import { stackRows } from './kernelMatrix.ts';
import { ntkOf, TE_NAS_KERNEL } from './ntk.ts';

/** Arguments of {@link getNtkN}, named and defaulted as in TE-NAS. */
export interface GetNtkNOptions extends RunOptions {
  /**
   * Batches to recalibrate the running statistics on before; none when 0. TE-NAS's published code takes this argument and
   * does nothing with it: the lines that would call `recal_bn` are commented out. Here they are in force.
   */
  readonly recalbn?: number;
  /** Whether batch norm normalises by the batch. TE-NAS passes true. */
  readonly trainMode?: boolean;
  /** Batches to take; all when 0 or less. */
  readonly numBatch?: number;
  /** Where it is computed; `defaultBackend` by default. */
  readonly backend?: Backend;
  readonly dtype?: DType;
}

/** The names of all of {@link GetNtkNOptions}. */
const GET_NTK_N_OPTIONS = ['recalbn', 'trainMode', 'numBatch', 'backend', 'dtype', 'signal', 'onProgress'] as const;

/**
 * κ of several networks on the same batches: TE-NAS's `get_ntk_n` (Chen et al. 2021).
 *
 * Rows of J of all batches are stacked before Θ = J·Jᵀ is formed. The results are plain numbers as the original gives
 * them (but see `recalbn`): NaN becomes 100000, infinity the largest double. The networks' variables stay as they are, but for running
 * statistics when `recalbn` asks for it. (A train-mode forward in PyTorch moves them, too; no κ depends on that.)
 *
 * @param loader gives batches of images [N, C, H, W]; it is iterated once, and once more a network to recalibrate.
 * @throws InputError when the loader gives no batch or images hold NaN, ShapeError when they do not fit a network.
 */
export async function getNtkN(
  loader: Iterable<ImageBatch>,
  networks: readonly Module[],
  given: GetNtkNOptions = {},
): Promise<number[]> {
  checkRunOptions('getNtkN', given, GET_NTK_N_OPTIONS);
  checkIterable('getNtkN: loader', loader);
  checkIterable('getNtkN: networks', networks);
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
  } as const;
  if (recalbn > 0) for (const network of networks) await recalibrateBatchNorm(network, loader, recalbn, computation);

  const rows: JacobianRows[][] = networks.map(() => []);
  const programs = new Map<string, JacobianProgram>();
  const batches = take(loader, numBatch > 0 ? numBatch : Infinity);
  if (batches.length === 0) throw new InputError('getNtkN: expected at least one batch, got an empty loader');
  let done = 0;
  try {
    for (const batch of batches) {
      const { images } = Object(batch) as ImageBatch;
      checkArray('getNtkN: images', images);
      for (const [i, network] of networks.entries()) {
        const key = `${i} ${formatShape(images.shape)}`;
        const program = programs.get(key) ?? (await JacobianProgram.compile(network, images.shape, options));
        programs.set(key, program);
        rows[i].push(await program.run(images, { signal }));
        onProgress?.({ done: ++done, of: batches.length * networks.length, stage: 'batches' });
      }
    }
  } finally {
    for (const program of programs.values()) program.dispose();
  }
  const kappas: number[] = [];
  for (const stack of rows) {
    kappas.push(teNasKappa((await ntkOf(stackRows(stack), { backend, signal })).kappa));
    onProgress?.({ done: kappas.length, of: networks.length, stage: 'eigenvalues' });
  }
  return kappas;
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
