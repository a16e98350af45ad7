import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grad } from '../../src/autodiff/index.ts';
import {
  add,
  constant,
  evaluate,
  input,
  mapOver,
  matmul,
  multiply,
  ndarray,
  type NDArray,
  type PrimitiveName,
  referenceBackend,
  relu,
  ShapeError,
  sum,
  tanh,
  type Tensor,
  vmap,
} from '../../src/tensor/index.ts';
import { draw, stack } from '../../src/testing/arrays.ts';
import { extent } from '../../src/testing/arbitraries/shapes.ts';
import { primitiveCases } from '../../src/testing/arbitraries/primitives.ts';
import { runs } from '../support/runs.ts';

const names = Object.keys(primitiveCases) as PrimitiveName[];
const valueOf = async (tensor: Tensor) => (await evaluate([tensor], new Map(), referenceBackend))[0];

/** B variants of an operand: other numbers where the primitive allows them, the same where it is not smooth. */
function variants(operand: NDArray, smooth: boolean, count: number): NDArray[] {
  const scaled = (b: number) => ({ ...operand, data: operand.data.map((value) => value * (1 + 0.125 * b)) });
  return Array.from({ length: count }, (_, b) => (smooth ? scaled(b) : operand));
}

describe.each(names)('vmap of %s', (name) => {
  test('is the primitive at each position of the mapped dimension', async () => {
    const chosen = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(primitiveCases[name], chosen, extent(3), async ({ operands, build, smooth }, which, count) => {
        const mapped = operands.map((_, i) => which[i % which.length] || i === 0);
        const all = operands.map((operand, i) => variants(operand, smooth?.includes(i) ?? true, count));
        const batched = vmap(
          build,
          mapped.map((yes) => (yes ? 0 : null)),
        );
        const whole = await valueOf(batched(...all.map((each, i) => constant(mapped[i] ? stack(each) : each[0]))));
        const parts: NDArray[] = [];
        for (let b = 0; b < count; b++) {
          parts.push(await valueOf(build(...all.map((each, i) => constant(each[mapped[i] ? b : 0])))));
        }
        expect(whole).toEqual(stack(parts));
      }),
      { numRuns: runs(40) },
    );
  });
});

describe('vmap', () => {
  const x = draw(1, [4, 3]);

  test('maps over any dimension of its arguments, and shares those with axis null', async () => {
    const weight = draw(2, [3, 2]);
    const f = vmap((row, w) => matmul(row, w), [1, null]);
    const rows = draw(3, [5, 4, 3]); // mapped over the 4
    const got = await valueOf(f(constant(rows), constant(weight)));
    expect(got.shape).toEqual([4, 5, 2]);
    const entry = (b: number, i: number, j: number) =>
      [0, 1, 2].reduce((total, k) => total + rows.data[(i * 4 + b) * 3 + k] * weight.data[k * 2 + j], 0);
    for (let b = 0; b < 4; b++) expect(got.data[(b * 5 + 2) * 2 + 1]).toBeCloseTo(entry(b, 2, 1), 14);
  });

  test('pads a mapped operand that has fewer dimensions than the other operand', async () => {
    // [D] mapped over B meets [N, D]: B is in front of N, not of D.
    const matrix = draw(4, [3, 3]);
    const got = await valueOf(vmap((v) => multiply(v, constant(matrix)))(constant(draw(5, [3, 3]))));
    const v = draw(5, [3, 3]);
    expect(got.shape).toEqual([3, 3, 3]);
    for (let b = 0; b < 3; b++)
      for (let n = 0; n < 3; n++)
        for (let d = 0; d < 3; d++)
          expect(got.data[(b * 3 + n) * 3 + d]).toBe(v.data[b * 3 + d] * matrix.data[n * 3 + d]);
  });

  test('of a gradient gives a gradient for each sample', async () => {
    const w = draw(6, [2, 3]);
    const loss = (sample: Tensor, weight: Tensor) => sum(tanh(matmul(weight, sample)));
    const weight = input('w', [2, 3]);
    const one = input('x', [3, 1]);
    const batch = draw(7, [4, 3, 1]);
    const [gradients] = mapOver(grad(loss(one, weight), [weight]), new Map([[one, constant(batch)]]));
    const [got] = await evaluate([gradients], new Map([[weight, w]]));
    for (let b = 0; b < 4; b++) {
      const sample = ndarray(batch.data.slice(3 * b, 3 * b + 3), [3, 1]);
      const [expected] = await evaluate(
        grad(loss(one, weight), [weight]),
        new Map([
          [weight, w],
          [one, sample],
        ]),
      );
      expect([...got.data.subarray(6 * b, 6 * b + 6)]).toEqual([...expected.data]);
    }
  });

  test('nests, and maps several results', async () => {
    const outer = vmap(vmap((v) => [relu(v), add(v, v)] as const));
    const [a, b] = await evaluate([...outer(constant(x))]);
    expect([...a.data]).toEqual([...x.data].map((value) => Math.max(value, 0)));
    expect([...b.data]).toEqual([...x.data].map((value) => 2 * value));
  });

  test('repeats a result that depends on no mapped argument', async () => {
    const [got] = await evaluate([vmap(() => constant(ndarray([7], [1])))(constant(x))]);
    expect(got).toEqual(ndarray([7, 7, 7, 7], [4, 1]));
  });

  test('refuses missing dimensions, different extents, and replacements that do not fit', () => {
    expect(() => vmap((v) => v, [2])(constant(x))).toThrow(
      new ShapeError('vmap: expected a dimension of argument 0 of shape [4, 3], got 2'),
    );
    expect(() => vmap((a, b) => add(a, b))(constant(x), constant(draw(1, [5, 3])))).toThrow(
      new ShapeError('vmap: expected one mapped extent, got 4 and 5'),
    );
    const one = input('v', [3]);
    expect(() => mapOver([relu(one)], new Map([[one, constant(draw(1, [4, 2]))]]))).toThrow(
      new ShapeError('vmap: expected float64[B, 3] for v float64[3], got float64[4, 2]'),
    );
  });
});
