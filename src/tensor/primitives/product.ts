import type { DType } from '../array.ts';
import { named, type NoAttributes, type Signature } from '../signature.ts';

/** Which operands of a matrix product are read transposed. */
export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Attributes of the products. */
export interface ProductPrimitives {
  matmul: MatmulAttributes;
  gram: NoAttributes;
}

function matmulSignature({ transposeA, transposeB }: MatmulAttributes): Signature<MatmulAttributes> {
  return named('matmul', `(${transposeA ? 'k,m' : 'm,k'}),(${transposeB ? 'n,k' : 'k,n'})->(m,n)`);
}

const anyMatmul: Signature<MatmulAttributes> = {
  text: '(m,k),(k,n)->(m,n)',
  coreRanks: (attributes, count) => matmulSignature(attributes).coreRanks(attributes, count),
  inferCore: (attributes, cores) => matmulSignature(attributes).inferCore(attributes, cores),
};

export const productDefinitions = {
  matmul: { signature: anyMatmul },
  gram: {
    signature: named<NoAttributes>('gram', '(n,p),(m,p)->(n,m)'),
    // κ is the ratio of the ends of Θ's spectrum: in float32 the sums would drown the small end.
    resultType: (): DType => 'float64',
  },
};
