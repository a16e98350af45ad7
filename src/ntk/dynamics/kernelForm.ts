import { formatShape, type NDArray, ShapeError } from '../../tensor/index.ts';
import { checkFinite } from './checks.ts';

/**
 * What a kernel says of a network with K outputs: one matrix [N, N] that acts on each output alike, or a matrix
 * [N·K, N·K] of all pairs of outputs, as the outputs `full` of `tangentKernel` give it.
 */
export interface KernelForm {
  /** N */
  readonly samples: number;
  /** K */
  readonly outputs: number;
  /** K for a matrix [N, N], 1 for one of all pairs: how many columns it is applied to. */
  readonly columns: number;
  /** How many rows of the kernel belong to a sample: 1, or K. */
  readonly rowsPerSample: number;
}

/**
 * Which form the kernel of training points has.
 *
 * @throws ShapeError when it is neither, InputError when it holds what is no finite number.
 */
export function kernelForm(where: string, kernel: NDArray, samples: number, outputs: number): KernelForm {
  checkFinite(`${where}: kernel`, kernel);
  const [rows, columns] = kernel.shape;
  const square = kernel.shape.length === 2 && rows === columns;
  if (square && rows === samples) return { samples, outputs, columns: outputs, rowsPerSample: 1 };
  if (square && rows === samples * outputs) return { samples, outputs, columns: 1, rowsPerSample: outputs };
  const n = samples * outputs;
  throw new ShapeError(
    `${where}: kernel: expected [${samples}, ${samples}]${outputs > 1 ? ` or [${n}, ${n}]` : ''} ` +
      `for ${samples} samples of ${outputs} outputs, got ${formatShape(kernel.shape)}`,
  );
}

/**
 * The number M of test points of a kernel Θ(x_test, x_train), [M, N] or [M·K, N·K].
 *
 * @throws ShapeError when it does not fit the training points' kernel, InputError when it holds what is no finite number.
 */
export function testPoints(where: string, kernel: NDArray, { samples, rowsPerSample }: KernelForm): number {
  checkFinite(`${where}: kernel`, kernel);
  const [rows, columns] = kernel.shape;
  const expected = samples * rowsPerSample;
  if (kernel.shape.length !== 2 || columns !== expected || rows % rowsPerSample !== 0 || rows === 0) {
    const first = rowsPerSample > 1 ? `M·${rowsPerSample}` : 'M';
    throw new ShapeError(
      `${where}: kernel: expected [${first}, ${expected}] of M test points and ${samples} training points, ` +
        `got ${formatShape(kernel.shape)}`,
    );
  }
  return rows / rowsPerSample;
}
