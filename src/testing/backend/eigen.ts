import fc from 'fast-check';
import { apply, type Backend, cast, constant, evaluate, Generator, ndarray, type NDArray } from '../../tensor/index.ts';
import { dot } from '../arrays.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';
import { law, type Law, type Measured } from '../law.ts';
import { literal } from '../source.ts';

interface SpectrumCase {
  readonly n: number;
  /** How many eigenvalues are not 0. */
  readonly rank: number;
  readonly seed: number;
}

/** G·Gᵀ of a random [n, rank], whose numbers float32 holds. */
function matrixOf({ n, rank, seed }: SpectrumCase): NDArray {
  const { data } = new Generator(seed).normals([n, rank]);
  const entry = (i: number, j: number) => {
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += data[i * rank + k] * data[j * rank + k];
    return Math.fround(sum);
  };
  return ndarray(
    Array.from({ length: n * n }, (_, k) =>
      entry(Math.min(Math.floor(k / n), k % n), Math.max(Math.floor(k / n), k % n)),
    ),
    [n, n],
  );
}

const sizes = (n: fc.Arbitrary<number>) =>
  fc
    .record({ n, missing: fc.oneof(fc.constant(0), extent(8, 0)), seed: seeds })
    .map(({ n, missing, seed }): SpectrumCase => ({ n, rank: Math.max(1, n - missing), seed }));

/** A·v = λ·v, orthonormal vectors, ascending values, and Σλ = tr A. */
export const eigen: Law<Backend> = law<Backend, SpectrumCase>({
  name: 'eigenvalues and eigenvectors',
  statement: 'A·V = V·Λ and VᵀV = 1 with Λ ascending, in float64 whatever the precision of A.',
  cases: { small: sizes(extent(12)), large: sizes(fc.integer({ min: 13, max: 48 })) },
  share: 0.4,
  check: async (backend, drawn) => {
    const exact = matrixOf(drawn);
    const { n } = drawn;
    const a = constant(cast(exact, backend.dtypes[0]));
    const [values, vectors] = await evaluate(
      [apply('eigenvalues', [a], {}), apply('eigenvectors', [a], {})],
      new Map(),
      backend,
    );
    const norm = Math.sqrt(dot(exact, exact));
    const v = (i: number, k: number) => vectors.data[i * n + k];
    let [residual, orthogonality, disorder] = [0, 0, 0];
    for (let k = 0; k < n; k++) {
      if (k > 0 && values.data[k] < values.data[k - 1])
        disorder = Math.max(disorder, values.data[k - 1] - values.data[k]);
      for (let i = 0; i < n; i++) {
        let [product, inner] = [0, 0];
        for (let j = 0; j < n; j++) {
          product += exact.data[i * n + j] * v(j, k);
          inner += v(j, i) * v(j, k);
        }
        residual = Math.max(residual, Math.abs(product - values.data[k] * v(i, k)));
        orthogonality = Math.max(orthogonality, Math.abs(inner - Number(i === k)));
      }
    }
    const trace = [...values.data].reduce((sum, x) => sum + x, 0);
    const diagonal = Array.from({ length: n }, (_, i) => exact.data[i * n + i]).reduce((sum, x) => sum + x, 0);
    // Both methods are backward stable: values and vectors are those of A + E with ‖E‖ ≤ p(n)·u·‖A‖, p(n) of about n, and
    // the vectors orthonormal to as much (Golub & Van Loan, §8.3 and §8.5). An operation of these checks adds n roundings.
    const bound = 16 * (n + 2) * 2 ** -53;
    const measured: Measured[] = [
      { what: `residual at n = ${n}`, error: residual, bound: bound * norm },
      { what: `orthogonality at n = ${n}`, error: orthogonality, bound },
      { what: `trace at n = ${n}`, error: Math.abs(trace - diagonal), bound: bound * norm },
      { what: `order at n = ${n}`, error: disorder, bound: 0 },
    ];
    return measured;
  },
  source: (drawn) => ({ imports: {}, expression: literal(drawn) }),
});
