import { BackendError } from '../../../../errors.ts';
import type { EigenPrimitives } from '../../../primitives/eigen.ts';
import type { GpuKernel } from '../lowering.ts';

/** Results are float64, which no device of GPU.js computes in: such steps are done on the host, and this is never called. */
const onHost = (name: string) => () => {
  throw new BackendError(`backend gpu: ${name}: expected to be computed on the host, in float64`);
};

export const eigenGpu: { [P in keyof EigenPrimitives]: GpuKernel<EigenPrimitives[P]> } = {
  eigenvalues: onHost('eigenvalues'),
  eigenvectors: onHost('eigenvectors'),
};
