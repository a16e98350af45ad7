import { describe, expect, test } from 'vitest';
import { vjp } from '../../src/autodiff/index.ts';
import { jvp } from '../../src/autodiff/index.ts';
import { type Mode, Trace } from '../../src/nn/index.ts';
import { JacobianProgram, type JacobianRows, TE_NAS_KERNEL } from '../../src/ntk/index.ts';
import {
  constant,
  evaluate,
  type NDArray,
  Program,
  referenceBackend,
  ShapeError,
  sizeOf,
} from '../../src/tensor/index.ts';
import { absoluteDot, dot, draw, relativeError } from '../../src/testing/arrays.ts';
import { smallNetwork, smallNetworks } from '../support/networks.ts';

const SHAPE = [3, 3, 8, 8];

// Among thousands of ReLUs one may switch within a step: that error vanishes in the next smaller step, while a wrong
// derivative is wrong in all. Rounding leaves ε·|logits|/h, about 1e-8 at the smallest.
const STEPS = [1e-5, 1e-6, 1e-7];
const modes: readonly Mode[] = ['train', 'eval'];
const all = smallNetworks.flatMap((name) => modes.map((mode) => [name, mode] as const));

describe.each(all)('%s in %s mode', (name, mode) => {
  const network = smallNetwork(name, 11);
  const images = draw(5, SHAPE);
  const trace = new Trace(network, SHAPE, { mode });
  const feeds = new Map([...trace.variables(), [trace.x, images]]);
  const parameters = trace.parameters(network);
  const variables = trace.variables();

  test('every row of J is the central difference of the summed logits', async () => {
    const program = await JacobianProgram.compile(network, SHAPE, { ...TE_NAS_KERNEL, mode, dtype: 'float64' });
    const { parameters: rows } = await program.run(images);
    const forward = await Program.compile([trace.y], { varying: [...parameters.values()], backend: referenceBackend });
    await forward.bind(feeds);
    const sums = async (): Promise<number[]> => {
      const [{ data, shape }] = await forward.run(variables);
      return Array.from({ length: shape[0] }, (_, i) =>
        [...data.subarray(i * shape[1], (i + 1) * shape[1])].reduce((a, b) => a + b, 0),
      );
    };
    const size = Math.max(...rows.map(({ rows: { data } }) => [...data].reduce((m, x) => Math.max(m, Math.abs(x)), 0)));
    let compared = 0;
    for (const { name: parameter, rows: block } of rows) {
      const { data } = variables.get(parameters.get(parameter)!)!;
      for (let e = 0; e < data.length; e += 1 + Math.floor(data.length / 6)) {
        const old = data[e];
        const differences: number[][] = [];
        for (const step of STEPS) {
          data[e] = old + step;
          const above = await sums();
          data[e] = old - step;
          const below = await sums();
          differences.push(above.map((sum, i) => (sum - below[i]) / (2 * step)));
        }
        data[e] = old;
        differences[0].forEach((_, i) => {
          const analytic = block.data[i * block.shape[1] + e];
          const errors = differences.map((numeric) => Math.abs(analytic - numeric[i]));
          expect(Math.min(...errors)).toBeLessThan(1e-7 * size);
          compared += 1;
        });
      }
    }
    expect(compared).toBeGreaterThan(100);
  });

  test('⟨u, Jv⟩ = ⟨Jᵀu, v⟩ over all parameters and the images', async () => {
    const inputs = [trace.x, ...parameters.values()];
    const u = draw(1, trace.y.shape);
    const v = inputs.map(({ shape }, i) => draw(100 + i, shape));
    const outputs = [...jvp([trace.y], inputs, v.map(constant)), ...vjp([trace.y], inputs, [constant(u)])];
    const [forward, ...backward] = await evaluate(outputs, feeds, referenceBackend);
    const right = backward.reduce((sum, gradient, i) => sum + dot(gradient, v[i]), 0);
    const size = backward.reduce((sum, gradient, i) => sum + absoluteDot(gradient, v[i]), absoluteDot(u, forward));
    expect(Math.abs(dot(u, forward) - right)).toBeLessThan(1e-12 * size);
  });

  test('the rows do not depend on the block size', async () => {
    const results: JacobianRows[] = [];
    for (const blockRows of [1, 2, 3]) {
      const program = await JacobianProgram.compile(network, SHAPE, { ...TE_NAS_KERNEL, mode, blockRows });
      results.push(await program.run(images));
      program.dispose();
    }
    for (const { logits, parameters: rows } of results.slice(1)) {
      expect(logits.data).toEqual(results[0].logits.data);
      rows.forEach(({ rows: block }, k) => {
        expect(relativeError(block, results[0].parameters[k].rows)).toBeLessThan(1e-12);
      });
    }
  });
});

describe('a Jacobian program', () => {
  const network = smallNetwork('cell network', 3);

  test('uses parameters that were changed after compilation', async () => {
    const program = await JacobianProgram.compile(network, SHAPE, { ...TE_NAS_KERNEL, mode: 'train' });
    const before = await program.run(draw(1, SHAPE));
    const variable = network.namedParameters().get('classifier.weight')!;
    variable.value = { ...variable.value, data: variable.value.data.map((x) => 2 * x) };
    const after = await program.run(draw(1, SHAPE));
    const norm = ({ data }: NDArray) => Math.hypot(...data);
    const stem = (rows: typeof before) => rows.parameters.find(({ name }) => name === 'stem.0.weight')!.rows;
    expect(norm(stem(after)) / norm(stem(before))).toBeCloseTo(2, 10);
  });

  test('reuses the memory of released rows, and no other', async () => {
    // Blocks of two rows for three samples: the second is half empty.
    const program = await JacobianProgram.compile(network, SHAPE, { ...TE_NAS_KERNEL, mode: 'train', blockRows: 2 });
    const copies = ({ parameters }: JacobianRows) => parameters.map(({ rows: { data } }) => [...data]);
    const first = await program.run(draw(1, SHAPE));
    const firstCopies = copies(first);
    const second = await program.run(draw(2, SHAPE));
    expect(copies(first)).toEqual(firstCopies);
    program.recycle(second);
    program.recycle({ ...first }); // not rows of this program: nothing happens
    const third = await program.run(draw(1, SHAPE));
    expect(copies(third)).toEqual(firstCopies);
    expect(copies(first)).toEqual(firstCopies);
    third.parameters.forEach(({ rows }, k) => expect(rows.data.buffer).toBe(second.parameters[k].rows.data.buffer));
  });

  test('counts the columns of J', async () => {
    const program = await JacobianProgram.compile(network, SHAPE, { ...TE_NAS_KERNEL, mode: 'eval' });
    const { parameters } = await program.run(draw(1, SHAPE));
    expect(program.parameterCount).toBe(parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
    expect(parameters.every(({ name }) => name.includes('weight'))).toBe(true);
  });

  test('refuses images of a different shape, and images that are not a batch', async () => {
    const program = await JacobianProgram.compile(network, SHAPE, { ...TE_NAS_KERNEL, mode: 'train' });
    await expect(program.run(draw(1, [3, 3, 4, 4]))).rejects.toThrow(
      new ShapeError('batch: expected shape [3, 3, 8, 8], got [3, 3, 4, 4]'),
    );
    await expect(JacobianProgram.compile(network, [3, 8, 8], { mode: 'train' })).rejects.toThrow(
      new ShapeError('stem.0 (Conv2d): expected input [N, 3, H, W], got [3, 8, 8]'),
    );
    await expect(JacobianProgram.compile(network, [2, 1, 8, 8], { mode: 'train' })).rejects.toThrow(
      new ShapeError('stem.0 (Conv2d): expected input [N, 3, H, W], got [2, 1, 8, 8]'),
    );
  });

  test('refuses one sample whose batch statistics have no variance', async () => {
    await expect(JacobianProgram.compile(network, [1, 3, 4, 4], { mode: 'train' })).rejects.toThrow(
      /batch norm: batch statistics over one value per channel have variance 0.*got 1 × 1 × 1/,
    );
  });
});
