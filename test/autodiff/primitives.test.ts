import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkGradients, jvp, vjp } from '../../src/autodiff/index.ts';
import {
  broadcastShapes,
  constant,
  evaluate,
  input,
  type NDArray,
  type PrimitiveName,
  sizeOf,
  type Tensor,
} from '../../src/tensor/index.ts';
import { absoluteDot, dot, draw, relativeError, rowOf, stack } from '../support/arrays.ts';
import { type PrimitiveCase, primitiveCases } from '../support/primitiveCases.ts';
import { runs } from '../support/runs.ts';

const RUNS = runs(100);

/** The case as a function of its smooth operands, the others given as constants. */
function ofSmooth({ operands, build, smooth }: PrimitiveCase) {
  const chosen = smooth ?? operands.map((_, i) => i);
  const f = (...tensors: Tensor[]) =>
    build(...operands.map((value, i) => (chosen.includes(i) ? tensors[chosen.indexOf(i)] : constant(value))));
  const values = chosen.map((i) => operands[i]);
  const inputs = values.map(({ shape, dtype }, i) => input(`x${i}`, shape, dtype));
  const feeds = new Map(inputs.map((tensor, i) => [tensor, values[i]] as const));
  return { f, values, inputs, feeds, y: f(...inputs) };
}

function like(arrays: readonly { readonly shape: readonly number[] }[], seed: number): NDArray[] {
  return arrays.map(({ shape }, i) => draw(seed + i, shape));
}

const names = Object.keys(primitiveCases) as PrimitiveName[];
// The index of a maximum is piecewise constant: it has no derivative to compare. The pools that use it do (below). What
// stops gradients has one by definition.
const differentiable = names.filter((name) => name !== 'maxPoolIndex' && name !== 'stopGradient');

describe.each(differentiable)('%s', (name) => {
  test('its gradient is that of central differences, to 1e-7', async () => {
    await fc.assert(
      fc.asyncProperty(primitiveCases[name], async (primitive) => {
        const { f, values } = ofSmooth(primitive);
        const report = await checkGradients(f, values);
        // Central differences in float64 are good to about 1e-10 of the function's size (see checkGradients); 1e-7 of the
        // largest derivative leaves room for values much larger than derivatives.
        if (!(report.error < 1e-7)) throw new Error(report.toString());
      }),
      { numRuns: RUNS },
    );
  });

  test('⟨u, Jv⟩ = ⟨Jᵀu, v⟩, to 1e-12 of the sums of magnitudes', async () => {
    await fc.assert(
      fc.asyncProperty(primitiveCases[name], async (primitive) => {
        const { inputs, feeds, y } = ofSmooth(primitive);
        const [u] = like([y], 1);
        const v = like(inputs, 2);
        const [forward, ...backward] = await evaluate(
          [...jvp([y], inputs, v.map(constant)), ...vjp([y], inputs, [constant(u)])],
          feeds,
        );
        const left = dot(u, forward);
        const right = backward.reduce((sum, gradient, i) => sum + dot(gradient, v[i]), 0);
        const size = backward.reduce((sum, gradient, i) => sum + absoluteDot(gradient, v[i]), absoluteDot(u, forward));
        // Both sides are sums of at most a few hundred products of rounded numbers: about 1e2·2⁻⁵² of their magnitudes.
        expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-12 * size);
      }),
      { numRuns: RUNS },
    );
  });

  test('a block of cotangent rows gives what the rows give one by one', async () => {
    await fc.assert(
      fc.asyncProperty(primitiveCases[name], fc.integer({ min: 1, max: 3 }), async (primitive, rows) => {
        const { inputs, feeds, y } = ofSmooth(primitive);
        const us = Array.from({ length: rows }, (_, r) => draw(r, y.shape));
        const block = await evaluate(vjp([y], inputs, [constant(stack(us))]), feeds);
        for (const [r, u] of us.entries()) {
          const single = await evaluate(vjp([y], inputs, [constant(u)]), feeds);
          single.forEach((gradient, i) => {
            expect(block[i].shape).toEqual([rows, ...inputs[i].shape]);
            // The same sums in the same order, but for those over broadcast dimensions.
            expect(relativeError(rowOf(block[i], r), gradient)).toBeLessThan(1e-13);
          });
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('the derivative of its derivative is that of central differences', async () => {
    await fc.assert(
      fc.asyncProperty(primitiveCases[name], async (primitive) => {
        const { f, values } = ofSmooth(primitive);
        const { y } = ofSmooth(primitive);
        const [u] = like([y], 3);
        // One gradient at a time, so that each is compared on its own scale.
        for (const k of values.keys()) {
          const gradient = (...tensors: Tensor[]) => vjp([f(...tensors)], tensors, [constant(u)])[k];
          const report = await checkGradients(gradient, values);
          if (!(report.error < 1e-6)) throw new Error(report.toString());
        }
      }),
      { numRuns: runs(30) },
    );
  });
});

describe.each(names)('%s', (name) => {
  test('over leading dimensions it is what it is at each position of them', async () => {
    await fc.assert(
      fc.asyncProperty(primitiveCases[name], async ({ operands, build, coreRanks }) => {
        const [whole] = await evaluate([build(...operands.map(constant))]);
        const leadings = operands.map(({ shape }, i) => shape.slice(0, shape.length - coreRanks[i]));
        const leading = broadcastShapes('test', leadings);
        const positions = sizeOf(leading);
        const size = whole.data.length / positions;
        for (let position = 0; position < positions; position++) {
          const cores = operands.map(({ shape, dtype, data }, i): NDArray => {
            const core = shape.slice(shape.length - coreRanks[i]);
            const at = sourcePosition(position, leading, leadings[i]) * sizeOf(core);
            return { shape: core, dtype, data: data.slice(at, at + sizeOf(core)) };
          });
          const [part] = await evaluate([build(...cores.map(constant))]);
          expect(whole.data.slice(position * size, (position + 1) * size)).toEqual(part.data);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

/** Which element of an array of shape `from` stands at a row-major position of the shape that it broadcasts to. */
function sourcePosition(position: number, to: readonly number[], from: readonly number[]): number {
  let source = 0;
  let stride = 1;
  let rest = position;
  for (let back = 1; back <= to.length; back++) {
    const index = rest % to[to.length - back];
    rest = Math.floor(rest / to[to.length - back]);
    const extent = from[from.length - back] ?? 1;
    if (extent > 1) source += index * stride;
    stride *= extent;
  }
  return source;
}
