import { afterAll, describe, expect, test } from 'vitest';
import {
  apply,
  type Attributes,
  type Backend,
  constant,
  type ElementwiseName,
  elementwiseRows,
  evaluate,
  multiply,
  ndarray,
  type NDArray,
  referenceBackend,
  relu,
  reluGradient,
  type Row,
  sum,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { computeElementwise } from '../../src/tensor/backends/reference/elementwise.ts';
import { DOUBLE, expand, operand, type Scalar } from '../../src/tensor/scalar/index.ts';
import * as s from '../../src/tensor/scalar/index.ts';

// Element-wise functions over the whole range of float32: every exponent and both signs, denormal numbers, zeros,
// infinities and NaN.

const SPECIAL = [0, -0, Infinity, -Infinity, NaN, 1, -1, 2 ** -149, -(2 ** -149), 2 ** -126, 3.4028234663852886e38];

/** Some significands of every exponent, and every special value; the length is odd, so that rows end in part of a vector. */
function sweep(): Float32Array {
  const bits: number[] = [];
  for (let exponent = 0; exponent < 255; exponent++) {
    for (let i = 0; i < 24; i++) {
      const significand = (i * 349525 + exponent * 7919 + (i % 3)) % 2 ** 23;
      const magnitude = exponent * 2 ** 23 + significand;
      bits.push(magnitude, magnitude + 2 ** 31);
    }
  }
  const values = new Float32Array(Uint32Array.from(bits).buffer);
  const near = Array.from({ length: 2000 }, (_, i) => (i - 1000) / 40); // where functions have kinks
  return Float32Array.from([...values, ...SPECIAL, ...SPECIAL.map((v) => -v), ...near]);
}

/** The distance of a float32 number from a float64 one, in units in the last place of the latter rounded. */
function ulps(got: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(got, rounded) || (Number.isNaN(got) && Number.isNaN(exact)) || got === rounded) return 0;
  if (Number.isNaN(got) || Number.isNaN(exact)) return Infinity;
  // An infinity is as far from the largest number as the number that would follow it.
  const finite = (v: number) => Math.min(2 ** 128, Math.max(-(2 ** 128), v));
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.min(Math.abs(exact), 2 ** 127))));
  return Math.abs(finite(got) - finite(exact)) / 2 ** (exponent - 23);
}

/** A number of the sweep over a range that float32 has not: large ones become larger, small ones smaller. */
const widen = (value: number) =>
  Math.abs(value) > 2 ** 64 || Math.abs(value) < 2 ** -64 ? value * Math.abs(value) ** 7 : value * (1 + 2 ** -40);

const x = ndarray(sweep(), [sweep().length], 'float32');
const rows = elementwiseRows as unknown as Record<ElementwiseName, Row<Attributes[ElementwiseName]>>;
const names = Object.keys(rows) as ElementwiseName[];

/** An application of a row to the sweep; further operands are the sweep in other orders. */
function application(name: ElementwiseName, attributes: Attributes[ElementwiseName]) {
  const count = rows[name].operands ?? (attributes as { coefficients: number[] }).coefficients.length;
  const size = x.data.length;
  const arrays = Array.from({ length: count }, (_, i) =>
    ndarray(
      x.data.map((_, j) => x.data[(j * [1, 7919, 104729, 1299709][i % 4]) % size]),
      [size],
      'float32',
    ),
  );
  const of = (operands: readonly Tensor[]) => apply(name, operands, attributes as never);
  return { arrays, of };
}

describe.each([
  ['2 threads on one memory', wasmBackend({ threads: 2 })],
  ['1 thread', wasmBackend({ threads: 1, sharedMemory: false })],
] as [string, Backend][])('wasm, %s', (_, backend) => {
  afterAll(() => backend.close());

  // A sum of several terms may cancel: its error is measured by the terms, in wasm.test.ts.
  const functions = names.filter((name) => name !== 'linearCombination');
  test.each(functions)('%s is within 4 ulp of float64 over the whole range', async (name) => {
    for (const attributes of rows[name].examples) {
      const { arrays, of } = application(name, attributes);
      const [got] = await evaluate([of(arrays.map(constant))], new Map(), backend);
      const wide = arrays.map(({ data, shape }) => constant(ndarray(Float64Array.from(data), shape)));
      const [exact] = await evaluate([of(wide)], new Map(), referenceBackend);
      let worst = 0;
      let at = 0;
      got.data.forEach((value, i) => {
        const distance = ulps(value, exact.data[i]);
        if (distance > worst) [worst, at] = [distance, i];
      });
      const where = arrays.map(({ data }) => data[at]).join();
      if (!(worst <= 4)) {
        throw new Error(
          `${name} ${JSON.stringify(attributes)}: expected ${exact.data[at]} at ${where} to 4 ulp, ` +
            `got ${got.data[at]}, ${worst} ulp off`,
        );
      }
    }
  });

  test('relu and its mask pass NaN, and zeros are where x ≤ 0', async () => {
    const special = constant(ndarray([NaN, -1, -0, 0, 2 ** -149, 1, NaN], [7], 'float32'));
    const ones = constant(ndarray([3, 3, 3, 3, 3, 3, NaN], [7], 'float32'));
    const [r, g] = await evaluate([relu(special), reluGradient(ones, special)], new Map(), backend);
    expect([...r.data]).toEqual([NaN, 0, 0, 0, 2 ** -149, 1, NaN]);
    expect([...g.data]).toEqual([3, 0, 0, 0, 3, 3, NaN]);
  });

  test('a long sum is accumulated in float64', async () => {
    // 2²⁴ and many ones: each is lost in float32.
    const data = new Float32Array(100_001).fill(1);
    data[0] = 2 ** 24;
    const long = constant(ndarray(data, [1, data.length], 'float32'));
    const [along] = await evaluate([sum(long, [1])], new Map(), backend);
    expect(along.data[0]).toBe(2 ** 24 + 100_000);
    const [across] = await evaluate(
      [sum(constant(ndarray(data, [data.length, 1], 'float32')), [0])],
      new Map(),
      backend,
    );
    expect(across.data[0]).toBe(2 ** 24 + 100_000);
  });

  test.each(functions)('%s in float64 is within 4 ulp of the reference over the whole range', async (name) => {
    for (const attributes of rows[name].examples) {
      const { arrays, of } = application(name, attributes);
      const wide = of(arrays.map(({ data, shape }) => constant(ndarray(Float64Array.from(data, widen), shape))));
      const [got] = await evaluate([wide], new Map(), backend);
      const [exact] = await evaluate([wide], new Map(), referenceBackend);
      const where = (i: number) => arrays.map(({ data }) => widen(data[i])).join();
      got.data.forEach((value, i) => {
        const due = exact.data[i];
        if (Object.is(value, due) || value === due) return;
        const unit = Math.max(2 ** -1074, 2 ** -52 * Math.abs(due));
        if (!(Math.abs(value - due) <= 4 * unit))
          throw new Error(`${name} of ${where(i)}: expected ${due}, got ${value}`);
      });
    }
  });

  test('float64 rows are what the reference computes, exactly rounded operations to the bit', async () => {
    const wide = constant(ndarray(Float64Array.from(x.data), x.shape));
    const product = relu(multiply(wide, wide));
    const [got] = await evaluate([product], new Map(), backend);
    const [expected] = await evaluate([product], new Map(), referenceBackend);
    expect(got.data).toEqual(expected.data);
  });
});

test('the reference passes NaN through relu and its mask', async () => {
  const special = constant(ndarray([NaN, -1, -0, 0, 1], [5]));
  const ones = constant(ndarray([3, 3, 3, 3, 3], [5]));
  const [r, g] = await evaluate([relu(special), reluGradient(ones, special)], new Map(), referenceBackend);
  expect([...r.data]).toEqual([NaN, 0, 0, 0, 1]);
  expect([...g.data]).toEqual([3, 0, 0, 0, 3]);
});

describe('written out in arithmetic', () => {
  /** A function by the expansions that backends render, in float64. */
  function valuesOf(expression: Scalar, points: Float64Array): Float64Array {
    const output: NDArray = { shape: [points.length], dtype: 'float64', data: new Float64Array(points.length) };
    computeElementwise(expand(expression, DOUBLE), output, [{ ...output, data: points }]);
    return output.data as Float64Array;
  }

  const everywhere = Float64Array.from([
    ...SPECIAL,
    ...Array.from({ length: 4001 }, (_, i) => (i - 2000) / 2.7),
    ...Array.from({ length: 2001 }, (_, i) => (i - 1000) / 300),
    ...Array.from({ length: 2000 }, (_, i) => (i % 2 ? -1 : 1) * 2 ** (i / 2 - 1021) * 1.37),
  ]);

  // The host's functions are good to about one unit in the last place, the expansions to two or three.
  test.each([
    ['exp', s.exp(operand(0)), Math.exp, 4],
    ['expm1', s.expm1(operand(0)), Math.expm1, 4],
    ['log', s.log(operand(0)), Math.log, 4],
    ['log1p', s.log1p(operand(0)), Math.log1p, 4],
    ['tanh', s.tanh(operand(0)), Math.tanh, 4],
    ['x^2.7', s.pow(operand(0), 2.7), (v: number) => v ** 2.7, 16],
    ['x^-7', s.pow(operand(0), -7), (v: number) => v ** -7, 16],
    ['x^-1/3', s.pow(operand(0), -1 / 3), (v: number) => v ** (-1 / 3), 16],
  ] as [string, Scalar, (v: number) => number, number][])('%s agrees with the host', (name, expression, f, bound) => {
    const got = valuesOf(expression, everywhere);
    everywhere.forEach((point, i) => {
      const expected = f(point);
      if (Number.isNaN(expected) || !Number.isFinite(expected)) return expect(got[i]).toBe(expected);
      const unit = Math.max(2 ** -1074, 2 ** -52 * Math.abs(expected));
      if (!(Math.abs(got[i] - expected) <= bound * unit)) {
        throw new Error(`${name}(${point}): expected ${expected}, got ${got[i]}`);
      }
    });
  });

  // From mpmath, 50 digits.
  test.each([
    [-6, -0.99999999999999997848, 1.9999999999999999785],
    [-3, -0.99997790950300141456, 1.9999779095030014146],
    [-1.3, -0.93400794494065244585, 1.9340079449406524459],
    [-1, -0.84270079294971486934, 1.8427007929497148693],
    [-0.7, -0.67780119383741844228, 1.6778011938374184423],
    [-0.2, -0.22270258921047846618, 1.2227025892104784662],
    [-1e-10, -1.128379167095512615e-10, 1.0000000001128379167],
    [1e-10, 1.128379167095512615e-10, 0.99999999988716208329],
    [0.2, 0.22270258921047846618, 0.77729741078952153382],
    [0.3, 0.32862675945912741619, 0.67137324054087258381],
    [0.7, 0.67780119383741844228, 0.32219880616258155772],
    [0.84, 0.76514271145499451734, 0.23485728854500548266],
    [0.85, 0.77066805760835252021, 0.22933194239164747979],
    [1.1, 0.88020506957408172966, 0.11979493042591827034],
    [1.25, 0.92290012825645823014, 0.077099871743541769863],
    [1.3, 0.93400794494065244585, 0.06599205505934755415],
    [2, 0.99532226501895273416, 0.0046777349810472658379],
    [2.85, 0.99994434372003860104, 0.000055656279961398957715],
    [2.86, 0.9999475988269556022, 0.000052401173044397802579],
    [4, 0.99999998458274209972, 1.5417257900280018852e-8],
    [6, 0.99999999999999997848, 2.1519736712498913117e-17],
    [10, 1.0, 2.088487583762544757e-45],
    [20, 1.0, 5.3958656116079009289e-176],
    [26, 1.0, 5.6631924088561428465e-296],
  ])('erf and erfc of %d', (point, erf, erfc) => {
    const at = Float64Array.of(point);
    // Relative errors, in the tail of erfc, too.
    expect(Math.abs(valuesOf(s.erf(operand(0)), at)[0] / erf - 1)).toBeLessThanOrEqual(2 ** -51);
    expect(Math.abs(valuesOf(s.erfc(operand(0)), at)[0] / erfc - 1)).toBeLessThanOrEqual(2 ** -51);
  });
});
