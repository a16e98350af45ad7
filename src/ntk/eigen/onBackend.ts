import { abortable, checkRunOptions } from '../../abort.ts';
import type { RunOptions } from '../../progress.ts';
import { type Backend, eigenvalues, input, type NDArray, Program, type Tensor } from '../../tensor/index.ts';
import { checkEigenvalues, checkSymmetric } from './checkSymmetric.ts';

/** How many sizes of matrices a backend keeps compiled: each holds memory for two matrices. */
const MOST_PROGRAMS = 4;

interface Compiled {
  readonly matrix: Tensor;
  readonly program: Promise<Program>;
  /** How many runs are under way. */
  users: number;
}

const compiled = new WeakMap<Backend, Map<string, Compiled>>();

/**
 * The eigenvalues of a symmetric matrix in ascending order, [n], computed by a backend: on the threads of `wasm`, on the
 * calling thread by others. Compiled once for each backend and size. See `eigenvalues` for method and accuracy, and
 * {@link symmetricEigen} for a function that needs no backend.
 *
 * @param matrix [n, n] with n ≥ 1, of either precision; all computation is in float64.
 * @throws ShapeError when the matrix is not square or is empty.
 * @throws NumericalError when an entry is NaN or infinite, the matrix is asymmetric beyond rounding, an eigenvalue is
 * beyond the range of float64, or the method does not converge; the signal's reason when it is aborted.
 *
 * @example
 * const values = await eigenvaluesOn(await defaultBackend(), ndarray([2, 1, 1, 2], [2, 2]));
 * console.log([...values].map(Math.round)); // [ 1, 3 ]
 */
export async function eigenvaluesOn(
  backend: Backend,
  matrix: NDArray,
  options: RunOptions = {},
): Promise<Float64Array> {
  checkRunOptions('eigenvalues', options, ['signal', 'onProgress']);
  checkRunOptions('eigenvalues', { backend });
  const { signal, onProgress } = options;
  const n = checkSymmetric(matrix);
  const programs = compiled.get(backend) ?? new Map<string, Compiled>();
  compiled.set(backend, programs);
  const key = `${matrix.dtype} ${n}`;
  const entry = programs.get(key) ?? compile(backend, matrix);
  programs.delete(key);
  programs.set(key, entry); // the last used comes last
  entry.users += 1;
  try {
    const program = await abortable(entry.program, signal);
    const [{ data }] = await program.run(new Map([[entry.matrix, matrix]]), signal);
    const values = Float64Array.from(data);
    checkEigenvalues(values);
    onProgress?.({ done: 1, of: 1, stage: 'eigenvalues' });
    return values;
  } catch (error) {
    // An abort says nothing of the backend.
    if (programs.get(key) === entry && !signal?.aborted) programs.delete(key); // a later call may find the backend in better health
    throw error;
  } finally {
    entry.users -= 1;
    await disposeOldest(programs);
  }
}

function compile(backend: Backend, { shape, dtype }: NDArray): Compiled {
  const matrix = input('matrix', shape, dtype);
  const start = async () => {
    const program = await Program.compile([eigenvalues(matrix)], { backend, varying: [matrix] });
    await program.bind();
    return program;
  };
  return { matrix, program: start(), users: 0 };
}

async function disposeOldest(programs: Map<string, Compiled>): Promise<void> {
  for (const [key, { program, users }] of programs) {
    if (programs.size <= MOST_PROGRAMS) return;
    if (users > 0) continue;
    programs.delete(key);
    (await program).dispose();
  }
}
