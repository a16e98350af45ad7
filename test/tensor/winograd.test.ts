import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { cellNetwork, initialize, parseGenotype, TE_NAS_SCHEMES } from '../../src/nn/index.ts';
import { computeNtk } from '../../src/ntk/index.ts';
import {
  apply,
  cast,
  constant,
  DTYPES,
  evaluate,
  Generator,
  type NDArray,
  type Pair,
  referenceBackend,
  type Sides,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { planEvaluation } from '../../src/tensor/plan.ts';
import { lowerPlan } from '../../src/tensor/backends/wasm/program.ts';
import { draw } from '../../src/testing/arrays.ts';
import { extent, seeds } from '../../src/testing/arbitraries/shapes.ts';

// Minimal filtering (Winograd) is not the direct sum in another order, and has a bound of its own. In one dimension
// y = Aᵀ[(G g) ⊙ (Bᵀ d)], so that |y_r| ≤ Σ_i |A_ir|·‖G_i‖₁·max|g| · ‖B_i‖₁·max|d|; in two dimensions the factor is
// squared. Every term of that sum is computed with a relative error of at most (L + 30)·u, u = 2⁻²⁴: at most 4 roundings
// for each pass of B, 5 (a factor that is itself rounded among them) for each of G and 4 for each of A, 26 together, one
// for the product, and L for the sum over L channels. Hence
//
//     |error| ≤ (L + 30)·u · a² · L · max|d|·max|g|,   a = max_r Σ_i |A_ir|·‖G_i‖₁·‖B_i‖₁.
//
// The weight gradient is the adjoint: the same with a = max_t Σ_i |G_it|·‖A_i‖₁·‖B_i‖₁, and the sum over all patches.
// The matrices are made here from what they are, polynomials and their values, not from the kernel's formulas.

/** The finite points; the last one is ∞. */
const FINITE = [0, 0.625, -0.625, 1.5, -1.5];

/** Coefficients of Π (x − root), from the constant on. */
const fromRoots = (roots: readonly number[]) =>
  roots.reduce<number[]>(
    (product, root) => [...product, 0].map((_, i) => (product[i - 1] ?? 0) - root * (product[i] ?? 0)),
    [1],
  );
const others = (point: number) => FINITE.filter((other) => other !== point);
const powers = (point: number, count: number) => Array.from({ length: count }, (_, i) => point ** i);
const A = [...FINITE.map((point) => powers(point, 4)), [0, 0, 0, 1]];
const G = [
  ...FINITE.map((point) => {
    const normalizer = others(point).reduce((product, other) => product * (point - other), 1);
    return powers(point, 3).map((power) => power / normalizer);
  }),
  [0, 0, 1],
];
const B = [...FINITE.map((point) => [...fromRoots(others(point)), 0]), fromRoots(FINITE)];
const norm = (row: readonly number[]) => row.reduce((sum, value) => sum + Math.abs(value), 0);
const amplification = (out: number[][], through: number[][]) =>
  Math.max(
    ...out[0].map((_, r) => out.reduce((sum, row, i) => sum + Math.abs(row[r]) * norm(through[i]) * norm(B[i]), 0)),
  );
const FORWARD = amplification(A, G) ** 2;
const ADJOINT = amplification(G, A) ** 2;

const UNITS = { float32: 2 ** -24, float64: 2 ** -53 } as const;
const backend = wasmBackend({ threads: 2 });
afterAll(() => backend.close());

interface Case {
  readonly x: NDArray;
  readonly w: NDArray;
  readonly y: NDArray;
  readonly padding: Sides;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    rows: fc.constantFrom([], [2], [3]),
    samples: extent(3),
    channels: extent(21, 8),
    kernels: extent(21, 8),
    height: extent(18, 5),
    width: extent(18, 7),
    padding: fc.tuple(fc.tuple(extent(3, 0), extent(3, 0)), fc.tuple(extent(3, 0), extent(3, 0))),
    seed: seeds,
  })
  .map(({ rows, samples, channels, kernels, height, width, padding, seed }) => ({
    x: draw(seed, [samples, channels, height, width]),
    w: draw(seed + 1, [kernels, channels, 3, 3]),
    y: draw(seed + 2, [
      ...[...rows, samples, kernels],
      ...[height, width].map((size, i) => size + padding[i][0] + padding[i][1] - 2),
    ]),
    padding,
  }));

const largest = ({ data }: NDArray) => Math.max(...[...data].map(Math.abs));

interface Form {
  readonly operands: (drawn: Case) => readonly NDArray[];
  readonly build: (drawn: Case, operands: readonly Tensor[]) => Tensor;
  readonly bound: (drawn: Case) => number;
}

const ONE: Sides = [
  [1, 1],
  [1, 1],
];

const geometry = ({ padding }: Case) => ({ stride: [1, 1], padding, dilation: [1, 1], groups: 1 }) as const;

const forms: Record<string, Form> = {
  'input gradient': {
    operands: ({ y, w }) => [y, w],
    build: (drawn, operands) =>
      apply('convolutionInputGradient', operands, {
        ...geometry(drawn),
        inputSize: drawn.x.shape.slice(-2) as unknown as Pair,
      }),
    bound: ({ y, w }) => {
      const kernels = w.shape[0];
      return (kernels + 30) * FORWARD * kernels * largest(y) * largest(w);
    },
  },
  'weight gradient': {
    operands: ({ x, y }) => [x, y],
    build: (drawn, operands) =>
      apply('convolutionWeightGradient', operands, { ...geometry(drawn), kernelSize: [3, 3] }),
    bound: ({ x, y }) => {
      const [p, q] = y.shape.slice(-2);
      const patches = x.shape[0] * Math.ceil(p / 4) * Math.ceil(q / 4);
      return (patches + 30) * ADJOINT * patches * largest(x) * largest(y);
    },
  },
};

const single = (value: NDArray) => cast(value, 'float32');

const formsOfBoth = DTYPES.flatMap((dtype) => Object.keys(forms).map((name) => ({ name, dtype })));

const kernelOf = (expression: Tensor) =>
  lowerPlan(planEvaluation([expression], []).plan).fixedCalls[0].map(({ kernel }) => kernel);

test.each(formsOfBoth)(
  '$name by minimal filtering agrees with the reference to its bound, in $dtype',
  async ({ name, dtype }) => {
    const { operands, build, bound } = forms[name];
    let filtered = 0;
    await fc.assert(
      fc.asyncProperty(cases, async (drawn) => {
        const rounded = operands(drawn).map((value) => cast(value, dtype));
        const expression = build(drawn, rounded.map(constant));
        if (kernelOf(expression).some((kernel) => kernel.startsWith('winograd'))) filtered++;
        const [got] = await evaluate([expression], new Map(), backend);
        const [exact] = await evaluate(
          [
            build(
              drawn,
              rounded.map((value) => constant(cast(value, 'float64'))),
            ),
          ],
          new Map(),
          referenceBackend,
        );
        // In float64 the reference is rounded, too, by less than that.
        const tolerance = (dtype === 'float64' ? 2 : 1) * UNITS[dtype] * bound(drawn);
        expect(got.shape).toEqual(exact.shape);
        got.data.forEach((value, i) => expect(Math.abs(value - exact.data[i])).toBeLessThanOrEqual(tolerance));
      }),
      { numRuns: 60 },
    );
    // Narrow planes and few channels go to the direct kernels; what is tested here is the others.
    expect(filtered).toBeGreaterThan(30);
  },
);

test('the transforms are those of the theory: y = Aᵀ[(G g) ⊙ (Bᵀ d)] is the correlation', () => {
  const [d, g] = [draw(5, [6]).data, draw(6, [3]).data];
  const product = A.map((_, i) => {
    const kernel = G[i].reduce((sum, factor, t) => sum + factor * g[t], 0);
    return kernel * B[i].reduce((sum, factor, t) => sum + factor * d[t], 0);
  });
  for (let r = 0; r < 4; r++) {
    const y = A.reduce((sum, row, i) => sum + row[r] * product[i], 0);
    expect(y).toBeCloseTo(d[r] * g[0] + d[r + 1] * g[1] + d[r + 2] * g[2], 13);
  }
});

// The bound is for the worst of signs. What errors are like is seen in their root mean square: that of a direct sum of L
// terms is about √L·u/2 relative to the result's, 8.5u for the L = 9·32 here if every partial sum is rounded; filtering
// keeps it within twice that.
test.each(formsOfBoth)(
  '$name by minimal filtering has errors like a direct sum, in $dtype',
  async ({ name, dtype }) => {
    const { build, operands } = forms[name];
    const x = draw(1, [2, 32, 16, 16]);
    const w = draw(2, [32, 32, 3, 3]);
    const y = draw(3, [2, 32, 16, 16]);
    const drawn = { x, w, y, padding: ONE };
    const rounded = operands(drawn).map((value) => cast(value, dtype));
    const [got] = await evaluate([build(drawn, rounded.map(constant))], new Map(), backend);
    const [exact] = await evaluate(
      [
        build(
          drawn,
          rounded.map((value) => constant(cast(value, 'float64'))),
        ),
      ],
      new Map(),
      referenceBackend,
    );
    const meanSquare = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value * value, 0) / values.length;
    const error = meanSquare([...got.data].map((value, i) => value - exact.data[i]));
    // In float64 the reference has 8.5u of its own.
    const units = dtype === 'float64' ? Math.hypot(17, 8.5) : 17;
    expect(Math.sqrt(error / meanSquare([...exact.data]))).toBeLessThan(units * UNITS[dtype]);
    expect(error).toBeGreaterThan(0);
  },
);

test('a forward pass is not filtered: rounding across 0 would switch ReLUs', async () => {
  const [x, w] = [draw(1, [2, 32, 16, 16]), draw(2, [32, 32, 3, 3])].map(single).map(constant);
  expect(kernelOf(apply('convolution', [x, w], { stride: [1, 1], padding: ONE, dilation: [1, 1], groups: 1 }))).toEqual(
    ['point', 'convolve'],
  );

  // κ of a network with 26 convolutions of 16 to 64 channels, both of whose gradients are filtered, from rows in float32.
  const conv = (from: number) => `nor_conv_3x3~${from}`;
  const cell = parseGenotype(`|${conv(0)}|+|${conv(0)}|${conv(1)}|+|${conv(0)}|${conv(1)}|${conv(2)}|`);
  const network = cellNetwork(cell, { channels: 16, cells: 1, classes: 10, depth: -1, useStem: true });
  initialize(network, TE_NAS_SCHEMES.paper, new Generator(0));
  const images = draw(7, [3, 3, 16, 16]);
  const exact = await computeNtk(network, images, { mode: 'train', backend: referenceBackend });
  const { kappa } = await computeNtk(network, single(images), { mode: 'train', backend, dtype: 'float32' });
  expect(Math.abs(kappa / exact.kappa - 1)).toBeLessThan(1e-3);
});
