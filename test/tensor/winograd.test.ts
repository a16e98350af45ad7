import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import {
  apply,
  cast,
  constant,
  evaluate,
  type NDArray,
  ndarray,
  type Pair,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { planEvaluation } from '../../src/tensor/plan.ts';
import { lowerPlan } from '../../src/tensor/backends/wasm/program.ts';
import { draw, extent, seeds } from '../support/arrays.ts';

// Minimal filtering (Winograd) is not the direct sum in another order, and has a bound of its own. With u = 2⁻²⁴, d a 4×4
// patch and g a 3×3 kernel of a channel: a point of the patch is a sum of four pixels, |Bᵀ d B| ≤ 4·max|d|; a point of the
// kernel |G g Gᵀ| ≤ Σ|g|; a result is a sum of nine points. A product goes through at most 4 + 4 additions and roundings
// in the two transforms, one multiplication, a sum over L terms and 4 additions after it, so that
//
//     |error| ≤ (L + 14)·u · 9 · Σ_terms 4·max|d|·Σ|g|.
//
// For the weight gradient the same with the roles changed: |A y Aᵀ| ≤ Σ|y| over a 2×2 patch of the gradient, a tap adds
// at most 9 points (with factors ≤ 1), and the sum runs over all patches. Maxima are taken over whole planes, which
// holds for every patch; a 2×2 patch of the gradient sums to at most 4·max|y|.

const UNIT = 2 ** -24;
const backend = wasmBackend({ threads: 2 });
afterAll(() => backend.close());

interface Case {
  readonly x: NDArray;
  readonly w: NDArray;
  readonly y: NDArray;
  readonly padding: Pair;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    rows: fc.constantFrom([], [2], [3]),
    samples: extent(3),
    channels: extent(21, 8),
    kernels: extent(21, 8),
    height: extent(18, 5),
    width: extent(18, 7),
    padding: fc.tuple(extent(3, 0), extent(3, 0)),
    seed: seeds,
  })
  .map(({ rows, samples, channels, kernels, height, width, padding, seed }) => ({
    x: draw(seed, [samples, channels, height, width]),
    w: draw(seed + 1, [kernels, channels, 3, 3]),
    y: draw(seed + 2, [...rows, samples, kernels, height + 2 * padding[0] - 2, width + 2 * padding[1] - 2]),
    padding,
  }));

const largest = ({ data }: NDArray) => Math.max(...[...data].map(Math.abs));

/** The largest Σ|taps| that a pair of channels has. */
const largestKernel = ({ data }: NDArray) => {
  const taps = [...data].map(Math.abs);
  const sums = Array.from({ length: taps.length / 9 }, (_, i) =>
    taps.slice(9 * i, 9 * i + 9).reduce((sum, tap) => sum + tap),
  );
  return Math.max(...sums);
};

interface Form {
  readonly operands: (drawn: Case) => readonly NDArray[];
  readonly build: (drawn: Case, operands: readonly Tensor[]) => Tensor;
  readonly bound: (drawn: Case) => number;
}

const geometry = ({ padding }: Case) => ({ stride: [1, 1], padding, dilation: [1, 1], groups: 1 }) as const;

const forms: Record<string, Form> = {
  convolution: {
    operands: ({ x, w }) => [x, w],
    build: (drawn, operands) => apply('convolution', operands, geometry(drawn)),
    bound: ({ x, w }) => {
      const channels = w.shape[1];
      return (channels + 14) * 9 * channels * 4 * largest(x) * largestKernel(w);
    },
  },
  'input gradient': {
    operands: ({ y, w }) => [y, w],
    build: (drawn, operands) =>
      apply('convolutionInputGradient', operands, {
        ...geometry(drawn),
        inputSize: drawn.x.shape.slice(-2) as unknown as Pair,
      }),
    bound: ({ y, w }) => {
      const kernels = w.shape[0];
      return (kernels + 14) * 9 * kernels * 4 * largest(y) * largestKernel(w);
    },
  },
  'weight gradient': {
    operands: ({ x, y }) => [x, y],
    build: (drawn, operands) =>
      apply('convolutionWeightGradient', operands, { ...geometry(drawn), kernelSize: [3, 3] }),
    bound: ({ x, y }) => {
      const [p, q] = y.shape.slice(-2);
      const patches = x.shape[0] * Math.ceil(p / 2) * Math.ceil(q / 2);
      return (patches + 14) * 9 * patches * 4 * largest(x) * 4 * largest(y);
    },
  },
};

const single = (value: NDArray) => cast(value, 'float32');

const kernelOf = (expression: Tensor) =>
  lowerPlan(planEvaluation([expression], []).plan).fixedCalls.map(({ kernel }) => kernel);

test.each(Object.keys(forms))('%s by minimal filtering is the reference to its bound', async (name) => {
  const { operands, build, bound } = forms[name];
  let filtered = 0;
  await fc.assert(
    fc.asyncProperty(cases, async (drawn) => {
      const rounded = operands(drawn).map(single);
      const expression = build(drawn, rounded.map(constant));
      if (kernelOf(expression).some((kernel) => kernel.startsWith('winograd'))) filtered++;
      const [got] = await evaluate([expression], new Map(), backend);
      const [exact] = await evaluate([
        build(
          drawn,
          rounded.map((value) => constant(cast(value, 'float64'))),
        ),
      ]);
      const tolerance = UNIT * bound(drawn);
      expect(got.shape).toEqual(exact.shape);
      got.data.forEach((value, i) => expect(Math.abs(value - exact.data[i])).toBeLessThanOrEqual(tolerance));
    }),
    { numRuns: 60 },
  );
  // Narrow planes and few channels go to the direct kernels; what is tested here is the others.
  expect(filtered).toBeGreaterThan(30);
});

test('minimal filtering is exact where all its steps are: small whole numbers, kernels that 4 divides', async () => {
  const whole = (seed: number, shape: readonly number[], by: number) => {
    const { data } = draw(seed, shape);
    return ndarray(
      data.map((value) => by * Math.round(2 * value)),
      shape,
      'float32',
    );
  };
  const x = whole(1, [2, 9, 10, 14], 1);
  const w = whole(2, [10, 9, 3, 3], 4);
  const y = whole(3, [2, 2, 10, 10, 14], 4);
  for (const { build, operands } of Object.values(forms)) {
    const drawn = { x, w, y, padding: [1, 1] } as const;
    const expression = build(drawn, operands(drawn).map(constant));
    expect(kernelOf(expression).join()).toContain('winograd');
    const [got] = await evaluate([expression], new Map(), backend);
    const [exact] = await evaluate([
      build(
        drawn,
        operands(drawn).map((value) => constant(cast(value, 'float64'))),
      ),
    ]);
    expect([...got.data]).toEqual([...exact.data]);
  }
});
