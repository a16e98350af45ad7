import { checkModule, type Mode, type Module } from '../../nn/index.ts';
import { type Backend, checkArray, InputError, type NDArray, referenceBackend } from '../../tensor/index.ts';
import { seeds } from '../arbitraries/shapes.ts';
import { law, type Law, type LawOptions, type LawRecord, runLaws } from '../law.ts';
import { type AnyNetworkLaw, byDefinition, coupled, duplicated, local, permuted, symmetric } from './anyNetwork.ts';
import { compared, type KernelCase } from './cases.ts';
import { JacobianByDefinition } from './definition.ts';
import { differenceColumn } from './differences.ts';
import { implementationOf, type KernelSubject } from './implementation.ts';
import { exactKernel } from './rounding.ts';

/** What is tried: how often, from which seed, and in which mode of the network. */
export interface NetworkLawOptions extends Pick<LawOptions, 'runs' | 'seed' | 'signal'> {
  /** `eval` by default. */
  readonly mode?: Mode | undefined;
  /**
   * Whose float64 computes what is due: the whole Jacobian in one block, and differences of outputs. The reference backend
   * by default; `wasmBackend({ dtype: 'float64' })` is some thirty times as fast.
   */
  readonly definition?: Backend | undefined;
}

/** @param backend that computes the differences. */
const byMeaning = (backend: Backend): AnyNetworkLaw => ({
  name: 'kernel by what it means',
  statement:
    'Parameters that move along the gradient of one sample change the outputs of all samples at the rates in its column of Θ.',
  check: async ({ kernel, x, module, mode, implementation, jacobian, seed, bound }) => {
    const n = x.shape[0];
    const sample = seed % n;
    const theta = await kernel(x);
    const { column, error } = await differenceColumn(module, x, mode, implementation, jacobian, sample, backend);
    const got = { ...theta, shape: [n], data: theta.data.subarray(sample * n, (sample + 1) * n) };
    return [compared(`column ${sample} of Θ`, got, { ...got, dtype: 'float64', data: column }, bound + error)];
  },
});

/** A law of a network that is given: only what is changed of the batch is drawn. */
function givenLaw({ check, ...definition }: AnyNetworkLaw): Law<KernelCase> {
  return law<KernelCase, number>({
    ...definition,
    cases: { seeds },
    check: (given, seed) => check({ ...given, seed }),
    source: (seed) => ({ imports: {}, expression: String(seed) }),
  });
}

/**
 * Tries the laws of kernels on one network that is built already, e.g. read from a file, and one batch: Θ by its definition
 * and by differences, symmetric, of permuted, of equal and of changed samples.
 *
 * Keep the batch small: what is due is computed in float64, a gradient for every output of every sample.
 * Bounds allow for rounding, not for units that rounding puts on the other side of a kink: see {@link kinkDistance}. In
 * float64 that hardly happens; what computes in float32 asks for a {@link clearBatch}.
 *
 * @param x [N, …], N ≥ 2
 * @param subject what computes kernels: an implementation, or a backend, which stands for ntkit's own kernels on it.
 * @param onRecord is called with the record of each law when it is done.
 * @returns a record a law; `broken.source` is empty, as no program builds a network that was given.
 * @throws InputError when the batch has fewer than two samples or an option makes no sense; ShapeError when it does not fit.
 *
 * @example
 * const { x } = await clearBatch(network, [2, 5], 0, 'eval');
 * const records = await verifyNetwork(network, x, referenceBackend, { runs: 1 });
 * console.log(records.length, records.every(({ broken }) => broken === undefined)); // 6 true
 */
export async function verifyNetwork(
  network: Module,
  x: NDArray,
  subject: KernelSubject,
  { mode = 'eval', runs = 1, seed = 0, signal, definition = referenceBackend }: NetworkLawOptions = {},
  onRecord?: (record: LawRecord) => void,
): Promise<LawRecord[]> {
  checkModule('verifyNetwork: network', network);
  checkArray('verifyNetwork: batch', x);
  if (!(x.shape[0] >= 2)) throw new InputError(`verifyNetwork: expected two samples or more, got ${x.shape[0]}`);
  const implementation = implementationOf(subject);
  const program = await JacobianByDefinition.compile(network, x.shape, mode, definition);
  try {
    const exact = (batch: NDArray) => exactKernel(program, batch, implementation);
    const given: KernelCase = {
      ...(await exact(x)),
      ...{ module: network, x, mode, seed, implementation, exact },
      kernel: async (batch) => implementation.kernel(network, batch, mode),
    };
    const laws = [byDefinition, byMeaning(definition), symmetric, permuted, duplicated, local, coupled];
    const asked = laws.filter((each) => each.mode === undefined || each.mode === mode).map(givenLaw);
    const records: LawRecord[] = [];
    await runLaws(asked, given, { runs, seed, signal }, (record) => {
      records.push(withoutProgram(record));
      onRecord?.(records[records.length - 1]);
    });
    return records;
  } finally {
    program.dispose();
  }
}

/** No program builds a network that was given. */
function withoutProgram({ broken, ...record }: LawRecord): LawRecord {
  return broken ? { ...record, broken: { ...broken, source: '' } } : record;
}
