import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { grad } from '../../src/autodiff/index.ts';
import * as t from '../../src/tensor/index.ts';
import type { Tensor } from '../../src/tensor/index.ts';

// Values and derivatives of PyTorch in float64, at kinks and ties, too; elementwise_torch.py computes them.

type Numbers = readonly (number | 'inf' | '-inf' | 'nan')[];
interface Recorded {
  readonly unary: Readonly<Record<string, { x: number[]; y: Numbers; dy: Numbers; d2y?: Numbers }>>;
  readonly binary: Readonly<Record<string, { a: number[]; b: number[]; y: Numbers; da: Numbers; db: Numbers }>>;
}

const recorded = JSON.parse(readFileSync(new URL('./elementwise_torch.json', import.meta.url), 'utf8')) as Recorded;

const unary: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  ...{ abs: t.abs, sign: t.sign, floor: t.floor, exp: t.exp, expm1: t.expm1, log: t.log, log1p: t.log1p },
  ...{
    tanh: t.tanh,
    erf: t.erf,
    erfc: t.erfc,
    relu: t.relu,
    sigmoid: t.sigmoid,
    softsign: t.softsign,
    gelu: t.gelu,
    geluTanh: t.geluTanh,
  },
  ...{ silu: t.silu, mish: t.mish, relu6: t.relu6, hardswish: t.hardswish, hardsigmoid: t.hardsigmoid },
  leakyRelu: (x) => t.leakyRelu(x, 0.1),
  elu: (x) => t.elu(x, 0.7),
  softplus: (x) => t.softplus(x, { beta: 2, threshold: 11 }),
  clip: (x) => t.clip(x, -1, 2),
  hardtanh: (x) => t.hardtanh(x, -1, 2),
  ...Object.fromEntries([2, 3, 0, 1.7, -2, 0.5].map((e) => [`power ${e}`, (x: Tensor) => t.power(x, e)])),
};

const binary: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  ...{ minimum: t.minimum, maximum: t.maximum, less: t.less, lessEqual: t.lessEqual, equal: t.equal },
  select: (a, b) => t.select(t.less(a, b), a, b),
};

/** Where a derivative jumps its own derivative has no value: PyTorch takes 0 there, whichever side the first one is of. */
const jumps: Readonly<Record<string, readonly number[]>> = { elu: [0], hardswish: [-3, 3] };

/** To 1e-14 of the value, or of 1: PyTorch's own gelu, mish and softplus lose that much where they are small. */
function expectClose(got: Tensor | t.NDArray, expected: Numbers, tolerance = 1e-14): void {
  const { data } = got as t.NDArray;
  expect(data).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    const exact = Number(String(value).replace('inf', 'Infinity').replace('nan', 'NaN'));
    if (!Number.isFinite(exact)) expect(data[i]).toBe(exact);
    else expect(Math.abs(data[i] - exact)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(exact)));
  });
}

const wasm = t.wasmBackend({ threads: 1 });
afterAll(() => wasm.close());

describe.each([t.referenceBackend, wasm])('on $name values and derivatives of', (backend) => {
  test.each(Object.keys(unary))('%s agree with PyTorch', async (name) => {
    const { x: points, y, dy, d2y } = recorded.unary[name];
    const x = t.input('x', [points.length]);
    const value = unary[name](x);
    const [first] = grad(t.sum(value), [x]);
    const [second] = grad(t.sum(first), [x]);
    const feeds = new Map([[x, t.ndarray(points, [points.length])]]);
    const [gotValue, gotFirst, gotSecond] = await t.evaluate([value, first, second], feeds, backend);
    expectClose(gotValue, y);
    // PyTorch 1.13 has the slope of hardsigmoid, 1/6, in float32.
    expectClose(gotFirst, dy, name === 'hardsigmoid' ? 1e-8 : 1e-14);
    if (d2y === undefined) return;
    const smooth = points.flatMap((point, i) => (jumps[name]?.includes(point) ? [] : [i]));
    // 1 − σ(u) and 1 − tanh²(u) are rounded to 2⁻⁵³ of 1; of geluTanh they are multiplied by x·u′², 10³ at x = 7.
    const tolerance = name === 'geluTanh' ? 1e-12 : 1e-13;
    const got = { ...gotSecond, data: Float64Array.from(smooth, (i) => gotSecond.data[i]) };
    expectClose(
      got,
      smooth.map((i) => d2y[i]),
      tolerance,
    );
  });

  test.each(Object.keys(binary))('%s agree with PyTorch', async (name) => {
    const { a, b, y, da, db } = recorded.binary[name];
    const [p, q] = [t.input('a', [a.length]), t.input('b', [b.length])];
    const value = binary[name](p, q);
    const feeds = new Map([
      [p, t.ndarray(a, [a.length])],
      [q, t.ndarray(b, [b.length])],
    ]);
    const [gotValue, gotA, gotB] = await t.evaluate([value, ...grad(t.sum(value), [p, q])], feeds, backend);
    expectClose(gotValue, y);
    expectClose(gotA, da);
    expectClose(gotB, db);
  });
});

test('no gradient passes stopGradient, and no step computes it', async () => {
  const x = t.input('x', [3]);
  const y = t.multiply(t.stopGradient(t.exp(x)), x);
  const [gradient, stopped] = await t.evaluate(
    [...grad(t.sum(y), [x]), t.stopGradient(t.exp(x))],
    new Map([[x, t.ndarray([0, 1, 2], [3])]]),
  );
  expect(gradient.data).toEqual(stopped.data);
  const { plan } = t.planEvaluation([y]);
  expect(plan.fixedSteps.map(({ primitive }) => primitive)).toEqual(['exp', 'multiply']);
});
