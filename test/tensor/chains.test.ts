import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  abs,
  add,
  type Backend,
  cast,
  constant,
  evaluate,
  exp,
  gpuBackend,
  input,
  less,
  linearCombination,
  maximum,
  multiply,
  type NDArray,
  planEvaluation,
  referenceBackend,
  relu,
  scalar,
  scale,
  select,
  sum,
  tanh,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { lowerPlan as lowerGpu } from '../../src/tensor/backends/gpu/program.ts';
import { dialects } from '../../src/tensor/backends/gpu/dialect.ts';
import { lowerPlan } from '../../src/tensor/backends/wasm/program.ts';
import { fuseChains, isPass, keptValues } from '../../src/tensor/chains.ts';
import { draw } from '../../src/testing/arrays.ts';
import { extent, seeds } from '../../src/testing/arbitraries/shapes.ts';

// Chains of element-wise steps are one pass over memory, and compute what the steps compute one by one.

/** The passes and steps of a plan's fixed stage. */
function itemsOf(outputs: readonly Tensor[], varying: readonly Tensor[] = []) {
  const { plan } = planEvaluation(outputs, varying);
  return fuseChains<never>(plan.fixedSteps, plan.values, keptValues(plan));
}

const x = input('x', [4, 6], 'float32');
const y = input('y', [4, 6], 'float32');
const row = input('row', [6], 'float32');

describe('a chain', () => {
  test('of steps that each have one reader is one pass, on every backend', () => {
    const chain = relu(multiply(add(x, row), tanh(scale(y, 2))));
    const items = itemsOf([chain]);
    expect(items).toHaveLength(1);
    expect(isPass(items[0]) && items[0].operands).toHaveLength(3);
    const { plan } = planEvaluation([chain]);
    expect(lowerPlan(plan).fixedCalls[0]).toHaveLength(1);
    expect(lowerGpu(plan, dialects.headlessgl).fixed).toHaveLength(1);
  });

  test('ends at a result that is read twice, or is an output, or has another shape', () => {
    const twice = exp(x);
    expect(itemsOf([add(relu(twice), abs(twice))])).toHaveLength(2);
    expect(itemsOf([twice, relu(twice)])).toHaveLength(2);
    expect(itemsOf([add(x, exp(row))])).toHaveLength(2);
    expect(itemsOf([relu(sum(exp(x), [0]))])).toHaveLength(3);
  });

  test('may read a result twice in one step', () => {
    const e = exp(x);
    expect(itemsOf([multiply(e, e)])).toHaveLength(1);
  });

  test('of results that are read twice by one step takes time in proportion to its length', () => {
    let y: Tensor = x;
    for (let i = 0; i < 2000; i++) y = multiply(y, y);
    // 63 products of a product and itself, and what they begin with, are 64 operations.
    expect(itemsOf([y])).toHaveLength(Math.ceil(2000 / 63));
  });

  test('does not cross stages', () => {
    const { plan } = planEvaluation([multiply(exp(x), y)], [y]);
    const kept = keptValues(plan);
    expect(fuseChains<never>(plan.fixedSteps, plan.values, kept)).toHaveLength(1);
    expect(fuseChains<never>(plan.varyingSteps, plan.values, kept)).toHaveLength(1);
  });

  test('has scalar constants in its expression, not among its operands', () => {
    const [item] = itemsOf([multiply(add(x, scalar(3, 'float32')), y)]);
    expect(isPass(item) && item.operands).toHaveLength(2);
  });

  test('of scalar constants alone reads one of them, so that it has an operand', () => {
    const [a, b] = [scalar(2, 'float32'), scalar(3, 'float32')];
    const items = itemsOf([multiply(multiply(a, b), b)]);
    for (const item of items) expect(item.operands.length).toBeGreaterThan(0);
    expect(lowerGpu(planEvaluation([multiply(multiply(a, b), b)]).plan, dialects.headlessgl).fixed.length).toBe(1);
  });

  test('reads at most eight arrays', () => {
    const inputs = Array.from({ length: 20 }, (_, i) => input(`x${i}`, [5], 'float32'));
    const product = inputs.reduce((total, factor) => multiply(total, factor));
    for (const item of itemsOf([product])) expect(item.operands.length).toBeLessThanOrEqual(8);
    // 8 arrays in the first pass, and 7 and the product so far in each one after it.
    expect(itemsOf([product])).toHaveLength(3);
  });
});

/** The functions and their earlier values, chosen by random numbers. */
const graphs = fc.record({
  rows: extent(5),
  columns: extent(9),
  seed: seeds,
  picks: fc.array(fc.tuple(fc.nat(6), fc.nat(1000), fc.nat(1000)), { minLength: 2, maxLength: 14 }),
});

/** Every value of a random graph of element-wise steps, the last one least likely to be read. */
function build(inputs: readonly Tensor[], picks: readonly (readonly [number, number, number])[]): Tensor[] {
  const values = [...inputs];
  for (const [kind, i, j] of picks) {
    const a = values[values.length - 1 - (i % values.length)];
    const b = values[j % values.length];
    const bounded = tanh(a);
    const functions = [
      () => linearCombination([a, b], [0.5, -1.5]),
      () => multiply(bounded, tanh(b)),
      () => relu(a),
      () => maximum(a, b),
      () => select(less(a, b), bounded, b),
      () => exp(bounded),
      () => abs(add(a, b)),
    ];
    values.push(functions[kind]());
  }
  return values;
}

const backends: [string, () => Promise<Backend> | Backend][] = [
  ['reference', () => referenceBackend],
  ['wasm', () => wasmBackend({ threads: 2 })],
  ['gpu, cpu mode', () => gpuBackend({ mode: 'cpu' })],
];

describe.each(backends)('random graphs on %s', (name, open) => {
  const opened = Promise.resolve(open());
  afterAll(async () => (await opened).close());

  test('agree with their steps one by one', async () => {
    const backend = await opened;
    await fc.assert(
      fc.asyncProperty(graphs, async ({ rows, columns, seed, picks }) => {
        const shapes = [[rows, columns], [columns], [rows, 1]];
        const arrays: NDArray[] = shapes.map((shape, i) => cast(draw(seed + i, shape), 'float32'));
        const values = build(
          arrays.map((array) => constant(array)),
          picks,
        );
        const last = values[values.length - 1];
        // Asked for together, none is part of a chain.
        const [fused] = await evaluate([last], new Map(), backend);
        const single = await evaluate(values, new Map(), backend);
        const expected = single[single.length - 1];
        expect(fused.shape).toEqual(expected.shape);
        // At most 30 steps, each rounded to 2⁻²⁴ of its size and none growing an error by more than 2 (values stay below
        // 2·1.5¹⁴, derivatives below 1.5 each): where fused ones are rounded once, they differ by as much as that.
        const size = Math.max(1, ...single.flatMap(({ data }) => [...data].map(Math.abs)));
        fused.data.forEach((value, i) => {
          expect(Math.abs(value - expected.data[i])).toBeLessThanOrEqual(30 * 2 ** -24 * 8 * size);
        });
      }),
      { numRuns: name.startsWith('gpu') ? 20 : 100 },
    );
  });
});

test.each([referenceBackend, wasmBackend({ threads: 2 })])(
  'in float64 a chain has the same bits as its steps, on $name',
  async (backend) => {
    await fc.assert(
      fc.asyncProperty(graphs, async ({ rows, columns, seed, picks }) => {
        const arrays = [[rows, columns], [columns], [rows, 1]].map((shape, i) => constant(draw(seed + i, shape)));
        const values = build(arrays, picks);
        const [fused] = await evaluate([values[values.length - 1]], new Map(), backend);
        expect(fused.data).toEqual((await evaluate(values, new Map(), backend)).at(-1).data);
      }),
      { numRuns: 100 },
    );
  },
);
