import { checkRunOptions } from '../../abort.ts';
import { InputError } from '../../errors.ts';
import type { Abortable, RunOptions } from '../../progress.ts';
import { checkModule, type Module } from '../../nn/index.ts';
import { checkArray, defaultBackend, EPSILON, type NDArray, precisionOf } from '../../tensor/index.ts';
import { conditionNumberOf, defaultRowError } from '../conditionNumber.ts';
import { ROWS_OPTIONS, type RowsOptions } from '../jacobianRows.ts';
import { type Ntk, NtkProgram, TE_NAS_KERNEL } from '../ntk.ts';
import { PreciseProgram } from '../precise.ts';
import { describeChoice } from '../selection.ts';
import { probe } from './probe.ts';
import { CrossedNetwork, crossedBatch, type Crossing } from './sides.ts';

/** κ with a measured certificate. */
export interface CertifiedNtk extends Ntk {
  /**
   * How many inputs of ReLUs and other kinks lie so near to them that the precision of the forward pass does not settle
   * their side. The derivative of exact arithmetic may be another one there.
   */
  readonly kinks: number;
  /** κ with such inputs taken to the other side, one after another; where there are more than four, in four groups. */
  readonly kappaSides: readonly number[];
  /** Whether the error of rows was measured, and not only bounded. */
  readonly rowErrorMeasured: boolean;
}

/** Options of {@link certifiedNtk}. */
export interface CertificateOptions extends RowsOptions, RunOptions {
  /** Whether κ is computed with all the precision of float64, as `preciseNtk` does. */
  readonly precise?: boolean | undefined;
}

/** No row is taken to be more precise than this many ε. */
const LEAST_ROW_ERROR = 2;

/**
 * The tangent kernel of a network on one batch and its condition number κ, as `computeNtk`, with a certificate:
 *
 * - **The error of rows** is measured: one row is computed in float64 too, and four times its error is allowed for. Where
 *   float64 lies on another side of a kink the row is of another function, and 32·ε is allowed for.
 * - **Kinks** are counted: inputs whose side the forward pass does not settle, by the errors of its numbers against
 *   float64. Where there are any, κ is computed with each of up to four on the other side, with more in four groups. The
 *   interval covers these κ and every other choice of sides, as far as changes of log κ add up; of a group of g kinks,
 *   whose changes may cancel, √g times the change is allowed for, as of changes with random signs.
 *
 * Cost: a forward and a backward pass in the other precision, of the batch where batch norm couples samples,
 * else of one sample of 16; and the kernel up to four times more where there are kinks.
 *
 * @param x [N, …], samples first
 * @param options by default those of `computeNtk`, TE-NAS's
 * @throws InputError, ShapeError, BackendError, NumericalError as `computeNtk` does.
 *
 * @example
 * const { kappa, kappaInterval, kinks } = await certifiedNtk(network, images);
 * const [lowest, highest] = kappaInterval;
 * console.log(lowest <= kappa && kappa <= highest, kinks); // true 0
 */
export async function certifiedNtk(
  network: Module,
  x: NDArray,
  options: CertificateOptions = {},
): Promise<CertifiedNtk> {
  checkRunOptions('certifiedNtk', options, [...ROWS_OPTIONS, 'onProgress', 'precise']);
  checkModule('network', network);
  checkArray('batch', x);
  const { signal, onProgress, precise = false, ...rows } = options;
  const wanted = precise ? 'float64' : rows.dtype;
  const backend = rows.backend ?? (await defaultBackend(wanted));
  const dtype = precisionOf(backend, wanted);
  const settings = { ...rows, backend, dtype, signal };
  const program = await (precise ? PreciseProgram : NtkProgram).compile(network, x.shape, settings);
  let ntk: Ntk;
  try {
    ntk = await program.run(x, { signal, onProgress });
  } finally {
    program.dispose();
  }
  return certify(network, x, ntk, settings);
}

/**
 * The certificate of a κ that is computed already.
 *
 * @param ntk of the network on x
 * @param options those that it was computed with
 * @throws InputError when they are of another precision, or choose other parameters.
 *
 * @example
 * const ntk = await computeNtk(network, images);
 * const { kappa, rowErrorMeasured } = await certify(network, images, ntk);
 * console.log(kappa === ntk.kappa, rowErrorMeasured); // true true
 */
export async function certify(
  network: Module,
  x: NDArray,
  ntk: Ntk,
  options: RowsOptions & Abortable = {},
): Promise<CertifiedNtk> {
  checkRunOptions('certify', options, ROWS_OPTIONS);
  const { mode, outputs, dtype, spectrumOf } = ntk;
  if (options.dtype !== undefined && options.dtype !== dtype) {
    throw new InputError(`certify: dtype: expected ${dtype}, that of the kernel, got ${options.dtype}`);
  }
  const { parameters = TE_NAS_KERNEL.parameters, signal } = options;
  const backend = options.backend ?? (await defaultBackend(dtype));
  const { crossings, rowError, columns } = await probe(network, x, {
    ...{ mode, outputs, parameters, backend, dtype, signal },
  });
  if (columns !== ntk.parameters.used) {
    throw new InputError(
      `certify: parameters: expected the choice of the kernel, of ${ntk.parameters.used} numbers, ` +
        `got ${describeChoice(parameters)}, of ${columns}`,
    );
  }
  const allowed =
    rowError === undefined ? defaultRowError(dtype) : Math.max(rowError, LEAST_ROW_ERROR * EPSILON[dtype]);
  const origin = { dtype, parameters: ntk.parameters.used, rowError: allowed, spectrumOf };
  const own = conditionNumberOf(ntk.eigenvalues, origin);
  const kinks = kinksOf(crossings);
  const certificate = { kinks, rowErrorMeasured: rowError !== undefined };
  if (kinks === 0) return { ...ntk, ...own, ...certificate, kappaSides: [] };

  const sides: Side[] = [];
  for (const crossed of groupsOf(crossings, kinks)) {
    const side = new CrossedNetwork(network, x.shape, crossed);
    const batch = crossedBatch(x, crossed);
    const settings = { ...options, mode, outputs, parameters, backend, dtype };
    const program = await (spectrumOf === 'rows' ? PreciseProgram : NtkProgram).compile(side, batch.shape, settings);
    try {
      const { eigenvalues } = await program.run(batch, { signal });
      const { kappa, kappaInterval } = conditionNumberOf(eigenvalues, origin);
      sides.push({ kappa, kappaInterval, kinks: kinksOf(crossed) });
    } finally {
      program.dispose();
    }
  }
  const kappaInterval = covering(own, sides);
  return {
    ...ntk,
    ...own,
    ...certificate,
    kappaInterval,
    kappaLowerBound: kappaInterval[0],
    kappaSides: sides.map(({ kappa }) => kappa),
  };
}

/** κ with some kinks on the other side. */
interface Side extends Pick<Ntk, 'kappa' | 'kappaInterval'> {
  readonly kinks: number;
}

const MOST_GROUPS = 4;

function kinksOf(crossings: readonly Crossing[]): number {
  return crossings.reduce((sum, { gaps }) => sum + gaps.length, 0);
}

/** The kinks one by one, or dealt out to four groups. */
function groupsOf(crossings: readonly Crossing[], kinks: number): Crossing[][] {
  return Array.from({ length: Math.min(MOST_GROUPS, kinks) }, (_, group) => {
    let count = 0;
    return crossings.flatMap((crossing) => {
      const gaps = crossing.gaps.filter(() => count++ % MOST_GROUPS === group);
      return gaps.length === 0 ? [] : [{ ...crossing, gaps }];
    });
  });
}

/** An interval that holds those of all sides, and κ of any other choice of sides as far as changes of log κ add up. */
function covering(
  { kappa, kappaInterval }: Pick<Ntk, 'kappa' | 'kappaInterval'>,
  sides: readonly Side[],
): [number, number] {
  const change = sides.reduce((sum, side) => {
    const logarithm = Math.abs(Math.log(side.kappa / kappa));
    return sum + Math.sqrt(side.kinks) * (Number.isNaN(logarithm) ? Infinity : logarithm);
  }, 0);
  const intervals = [kappaInterval, ...sides.map((side) => side.kappaInterval)];
  return [
    Math.max(1, Math.min(...intervals.map(([low]) => low), kappaInterval[0] * Math.exp(-change))),
    Math.max(...intervals.map(([, high]) => high), kappaInterval[1] * Math.exp(change)),
  ];
}
