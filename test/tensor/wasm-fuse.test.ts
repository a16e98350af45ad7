import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { fuse } from '../../src/tensor/backends/wasm/fuse.ts';
import type { FusionRule } from '../../src/tensor/backends/wasm/fusion.ts';
import { fusionRules } from '../../src/tensor/backends/wasm/fusionRules.ts';
import {
  add,
  apply,
  channelInnerProduct,
  constant,
  evaluate,
  exp,
  input,
  linearCombination,
  planEvaluation,
  Program,
  referenceBackend,
  relu,
  scale,
  sum,
  type Shape,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { runs } from '../support/runs.ts';

const backend = wasmBackend({ threads: 1 });
afterAll(() => backend.close());

const single = (seed: number, shape: Shape) => constant(draw(seed, shape, undefined, 'float32'));
const SHAPE: Shape = [2, 3, 5, 5];

const inputGradient = (g: Tensor, seed: number) =>
  apply('convolutionInputGradient', [g, single(seed, [4, 3, 1, 1])], {
    ...{ stride: [1, 1], dilation: [1, 1], groups: 1, inputSize: [5, 5] },
    padding: [
      [0, 0],
      [0, 0],
    ],
  });
const masked = (g: Tensor, mask: Tensor) => apply('reluGradient', [g, mask], {});
const standardizeGradient = (g: Tensor, y: Tensor, seed: number) =>
  apply('standardizeGradient', [g, y, single(seed, [3])], {});

/**
 * The values of the wasm backend against the reference's. Arguments of exp are sums of at most 9 products and terms, at
 * most 34 in size, each off by (9 + 2)·2⁻²⁴ of that: exp is off by 11 · 34 = 374 units, and by a few of its own.
 */
async function check(outputs: readonly Tensor[], varying: readonly Tensor[] = []): Promise<void> {
  const program = await Program.compile(outputs, { backend, varying });
  const reference = await Program.compile(outputs, { backend: referenceBackend, varying });
  const { plan, varyingInputs } = planEvaluation(outputs, varying);
  expect(plan.varyingInputs).toHaveLength(varyingInputs.length);
  const feeds = new Map(varying.map((x, i) => [x, draw(100 + i, x.shape, undefined, 'float32')]));
  await program.bind(new Map());
  await reference.bind(new Map());
  // In memory with values of earlier programs: nothing may be added to them, and no mask may be read before it is
  // computed.
  await program.run(new Map(varying.map((x, i) => [x, draw(200 + i, x.shape, undefined, 'float32')])));
  const [got, expected] = [await program.run(feeds), await reference.run(feeds)];
  got.forEach(({ data }, i) => {
    const size = Math.max(1, ...[...expected[i].data].map(Math.abs));
    data.forEach((value, k) =>
      expect(Math.abs(value - expected[i].data[k])).toBeLessThanOrEqual(400 * 2 ** -24 * size),
    );
  });
}

const g = input('g', [2, 4, 5, 5], 'float32');
const x = input('x', SHAPE, 'float32');
const y = single(1, SHAPE);

/** A result with the steps before it in a plan, and what comes beside it. */
interface Case {
  readonly result: Tensor;
  readonly beside?: readonly Tensor[];
  readonly varying: readonly Tensor[];
}

/** The operations of a stage with the rules and without. A sum reads the result: no chain of element-wise steps takes it. */
function counts({ result, beside = [], varying }: Case): { ruled: number; plain: number } {
  const { plan } = planEvaluation([sum(result), ...beside], varying);
  return { ruled: fuse(plan.varyingSteps, plan).length, plain: fuse(plan.varyingSteps, plan, []).length };
}

describe('fused, and right:', () => {
  const cases: [string, Case, swallowed: number][] = [
    [
      'an input gradient through a mask',
      { result: masked(inputGradient(g, 1), single(2, SHAPE)), varying: [g] },
      1, // the mask
    ],
    [
      'a sum of input gradients, one through a mask, and another term',
      { result: add(inputGradient(g, 1), masked(inputGradient(g, 2), single(3, SHAPE)), x), varying: [g, x] },
      0, // without rules the mask and the sum are one chain; with them the mask goes with the gradient, and the sum stays
    ],
    [
      'a sum of input gradients alone',
      { result: add(inputGradient(g, 1), inputGradient(g, 2)), varying: [g] },
      2, // the sum, and one of the gradients: they are one of eight channels
    ],
    [
      'the gradient of a scale with that of its input',
      { result: standardizeGradient(x, y, 2), beside: [channelInnerProduct(x, y)], varying: [x] },
      1, // the inner product
    ],
  ];
  test.each(cases)('%s', async (_, each, swallowed) => {
    const { ruled, plain } = counts(each);
    expect(plain - ruled).toBe(swallowed);
    // Read by a chain of element-wise steps, and directly.
    for (const result of [exp(each.result), each.result]) await check([result, ...(each.beside ?? [])], each.varying);
  });

  test('a mask between a gradient and a sum is fused with the gradient', () => {
    const { plan } = planEvaluation([sum(add(masked(inputGradient(g, 2), single(3, SHAPE)), x))], [g, x]);
    const [first] = fuse(plan.varyingSteps, plan);
    const mask = plan.varyingSteps.find(({ primitive }) => primitive === 'reluGradient')!.operands[1];
    expect(first.reads).toContain(mask);
  });
});

/** Convolutions of one tensor, whose input gradients are added up. */
const convolutions = fc.array(
  fc.record({
    channels: fc.integer({ min: 1, max: 7 }),
    kernel: fc.constantFrom(1, 3, 5),
    dilation: fc.integer({ min: 1, max: 2 }),
    padding: fc.integer({ min: 0, max: 3 }),
    stride: fc.constantFrom(1, 1, 1, 2),
    grouped: fc.boolean(),
    mask: fc.constantFrom(undefined, 0, 0, 1),
  }),
  { minLength: 2, maxLength: 5 },
);

test('a sum of input gradients of any convolutions, masked or not, in both precisions', async () => {
  await fc.assert(
    fc.asyncProperty(
      convolutions,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 9, max: 20 }),
      fc.constantFrom('float32', 'float64'),
      async (each, planes, side, dtype) => {
        const kind = { float32: 2 ** -24, float64: 2 ** -53 }[dtype];
        const array = (seed: number, shape: Shape) => draw(seed, shape, undefined, dtype);
        const varying: Tensor[] = [];
        const terms = each.map(({ channels, kernel, dilation, padding, stride, grouped, mask }, i) => {
          const groups = grouped ? planes : 1;
          const extent = Math.floor((side + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
          const g = input(`g${i}`, [2, 3, channels * groups, extent, extent], dtype);
          varying.push(g);
          const weight = constant(array(i, [channels * groups, planes / groups, kernel, kernel]));
          const result = apply('convolutionInputGradient', [g, weight], {
            ...{ stride: [stride, stride], dilation: [dilation, dilation], groups, inputSize: [side, side] },
            padding: [
              [padding, padding],
              [padding, padding],
            ],
          });
          return mask === undefined ? result : masked(result, constant(array(50 + mask, [3, planes, side, side])));
        });
        const feeds = new Map(varying.map((g, i) => [g, array(100 + i, g.shape)]));
        const [got] = await evaluate([add(...terms)], feeds, backend);
        const [expected] = await evaluate([add(...terms)], feeds, referenceBackend);
        const size = Math.max(...[...expected.data].map(Math.abs));
        // Minimal filtering is off by up to 40 units of the largest sums (winograd.test.ts), direct sums by a few.
        got.data.forEach((value, k) =>
          expect(Math.abs(value - expected.data[k])).toBeLessThanOrEqual(60 * kind * size),
        );
      },
    ),
    { numRuns: runs(100) },
  );
});

describe('not fused, and right:', () => {
  const gradient = inputGradient(g, 1);
  const products = channelInnerProduct(x, y);
  const cases: [string, Case][] = [
    [
      'an input gradient with a second use',
      { result: masked(gradient, single(2, SHAPE)), beside: [gradient], varying: [g] },
    ],
    ['a term with a factor', { result: linearCombination([inputGradient(g, 1), x], [2, 1]), varying: [g, x] }],
    [
      'the gradient of a scale that is needed for that of the input',
      { result: apply('standardizeGradient', [x, y, exp(scale(products, 0.1))], {}), varying: [x] },
    ],
  ];
  test.each(cases)('%s', async (_, each) => {
    const { ruled, plain } = counts(each);
    expect(ruled).toBe(plain);
    // Read by a chain of element-wise steps, and directly.
    for (const result of [exp(each.result), each.result]) await check([result, ...(each.beside ?? [])], each.varying);
  });
});

test('a mask that is computed after the gradient is ready before it is read', async () => {
  const outputs = [
    exp(masked(inputGradient(g, 1), relu(x))),
    exp(add(inputGradient(g, 2), masked(inputGradient(g, 3), exp(x)))),
  ];
  await check(outputs, [g, x]);
  for (const part of outputs) await check([part], [g, x]);
});

test('a gradient of the fixed stage that the varying stage reads is computed', async () => {
  const gradient = inputGradient(single(1, g.shape), 2);
  await check([exp(masked(gradient, single(3, SHAPE))), add(gradient, x)], [x]);
});

test('a rule is not offered a step that another one has taken, and cannot take it', () => {
  const { plan } = planEvaluation([exp(masked(inputGradient(g, 1), single(2, SHAPE)))], [g]);
  const offered: string[] = [];
  const greedy: FusionRule = (step) => {
    offered.push(step.primitive);
    return { swallows: plan.varyingSteps, operations: [] };
  };
  const operations = fuse(plan.varyingSteps, plan, [...fusionRules, greedy]);
  expect(offered).toEqual(['exp']);
  expect(operations).toHaveLength(2);
});
