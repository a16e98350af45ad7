import type { DType } from '../array.ts';
import { named, type NoAttributes } from '../signature.ts';

/** Attributes of the decompositions. */
export interface EigenPrimitives {
  eigenvalues: NoAttributes;
  eigenvectors: NoAttributes;
}

// The small end of a spectrum is what κ depends on: results are float64 whatever the precision of the matrix.
const resultType = (): DType => 'float64';

export const eigenDefinitions = {
  eigenvalues: { signature: named<NoAttributes>('eigenvalues', '(n,n)->(n)'), resultType },
  eigenvectors: { signature: named<NoAttributes>('eigenvectors', '(n,n)->(n,n)'), resultType },
};
