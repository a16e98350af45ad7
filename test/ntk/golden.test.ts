import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  conditionNumber,
  JacobianProgram,
  kernelMatrix,
  symmetricEigen,
  symmetricEigenQR,
  TE_NAS_KERNEL,
} from '../../src/ntk/index.ts';
import {
  type Backend,
  cast,
  type DType,
  ndarray,
  type NDArray,
  referenceBackend,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { relativeError } from '../../src/testing/arrays.ts';
import { golden, goldenNames } from '../support/golden.ts';

async function run(name: string, dtype: DType, backend: Backend = referenceBackend) {
  const { network, input, mode, expected, metadata } = golden(name);
  const program = await JacobianProgram.compile(network, input.shape, { ...TE_NAS_KERNEL, mode, dtype, backend });
  const rows = await program.run(input);
  const theta = await kernelMatrix(rows, { backend });
  program.dispose();
  return { rows, theta, expected, metadata, kappa: Number(metadata.kappa_float64) };
}

function row(parameters: readonly { readonly rows: NDArray }[], i: number): NDArray {
  const parts = parameters.flatMap(({ rows: { shape, data } }) => [...data.subarray(i * shape[1], (i + 1) * shape[1])]);
  return ndarray(parts, [parts.length]);
}

const wasm = wasmBackend({ threads: 2 });
afterAll(() => wasm.close());

test('there are 16 reference networks', () => {
  expect(goldenNames).toHaveLength(16);
});

describe.each(goldenNames)('%s', (name) => {
  let double: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    double = await run(name, 'float64');
  });

  test('logits, rows, kernel, eigenvalues and κ are the reference to 1e-9 in float64', async () => {
    const { rows, theta, expected, metadata, kappa } = double;
    expect(relativeError(rows.logits, expected.get('logits')!)).toBeLessThan(1e-9);
    expect(relativeError(theta, expected.get('ntk')!)).toBeLessThan(1e-9);
    expect(relativeError(row(rows.parameters, 0), expected.get('jacobian_row0')!)).toBeLessThan(1e-9);

    const names = rows.parameters.map(({ name: parameter, shape }) => [parameter, shape]);
    expect(names).toEqual(JSON.parse(metadata.gradient_parameters));

    const eigenvalues = expected.get('eigenvalues')!;
    for (const { values } of [symmetricEigen(theta), await symmetricEigenQR(theta)]) {
      expect(relativeError(ndarray(values, [values.length]), eigenvalues)).toBeLessThan(1e-9);
    }
    const result = conditionNumber(theta, { dtype: 'float64' });
    expect(Math.abs(result.kappa / kappa - 1)).toBeLessThan(1e-9);
    expect(result.verdict).toBe('resolved');
  });

  test('logits, rows, kernel and κ are the reference to 1e-11 in float64 on wasm', async () => {
    const { rows, theta, expected, kappa } = await run(name, 'float64', wasm);
    expect(relativeError(rows.logits, expected.get('logits')!)).toBeLessThan(1e-11);
    expect(relativeError(theta, expected.get('ntk')!)).toBeLessThan(1e-11);
    expect(relativeError(row(rows.parameters, 0), expected.get('jacobian_row0')!)).toBeLessThan(1e-11);
    // κ magnifies the errors of Θ, by less than itself; the largest is 4·10⁴.
    expect(Math.abs(conditionNumber(theta, { dtype: 'float64' }).kappa / kappa - 1)).toBeLessThan(1e-9);
  });

  test('the norm of each row of each parameter agrees with the reference', () => {
    const { rows, metadata } = double;
    const norms = JSON.parse(metadata.row_norms_by_parameter) as Record<string, number[]>;
    for (const { name: parameter, rows: block } of rows.parameters) {
      const got = norms[parameter].map((_, i) =>
        Math.hypot(...block.data.subarray(i * block.shape[1], (i + 1) * block.shape[1])),
      );
      const expected = norms[parameter];
      // Relative to the whole row: a parameter whose gradient nearly cancels is small by rounding alone.
      const size = Math.max(...Object.values(norms).map((values) => Math.max(...values)));
      got.forEach((norm, i) => expect(Math.abs(norm - expected[i])).toBeLessThan(1e-9 * size));
    }
  });

  test.each([referenceBackend, wasm])('κ is the reference to 1e-3 in float32 on $name', async (backend) => {
    const { theta, kappa, rows, expected } = await run(name, 'float32', backend);
    expect(kappa).toBeLessThan(1e5);
    expect(theta.dtype).toBe('float64');
    expect(relativeError(cast(rows.logits, 'float64'), expected.get('logits')!)).toBeLessThan(1e-5);
    const result = conditionNumber(theta, { dtype: 'float32' });
    expect(Math.abs(result.kappa / kappa - 1)).toBeLessThan(1e-3);
  });
});
