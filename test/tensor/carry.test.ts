import { afterAll, describe, expect, test } from 'vitest';
import {
  add,
  type Backend,
  constant,
  type DType,
  gpuBackend,
  input,
  InputError,
  matmul,
  type NDArray,
  Program,
  referenceBackend,
  ShapeError,
  subtract,
  sum,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';

const backends: [string, Backend | Promise<Backend>, DType][] = [
  ['reference', referenceBackend, 'float64'],
  ['wasm, one thread', wasmBackend({ threads: 1 }), 'float64'],
  ['wasm, two threads', wasmBackend({ threads: 2 }), 'float32'],
  ['wasm, separate memories', wasmBackend({ threads: 2, sharedMemory: false }), 'float32'],
  ['gpu, cpu', gpuBackend({ mode: 'cpu' }), 'float32'],
  ['gpu, webasm', gpuBackend({ mode: 'webasm' }), 'float32'],
];
afterAll(async () => {
  for (const [, backend] of backends) await (await backend).close();
});

const SHAPE = [3, 3];

/** a ← a·m + u and b ← a − b, with the old a in both; the constant c stays. */
function recurrence(dtype: DType) {
  const [a, b, c, u] = ['a', 'b', 'c', 'u'].map((name) => input(name, SHAPE, dtype));
  const m = constant(draw(1, SHAPE, undefined, dtype));
  const carry = new Map([
    [a, add(matmul(a, m), u)],
    [b, subtract(a, b)],
    [c, c],
  ]);
  return { a, b, c, u, carry, outputs: [sum(add(a, b, c))], step: [...carry.values(), sum(add(a, b, c))] };
}

describe.each(backends)('%s', (_, opened, dtype) => {
  test('inputs take their next values, and can be read and set again', async () => {
    const backend = await opened;
    const { a, b, c, u, carry, outputs, step } = recurrence(dtype);
    const program = await Program.compile(outputs, { backend, carry });
    const oneByOne = await Program.compile(step, { backend });
    const start = () => new Map([a, b, c].map((each, i) => [each, draw(10 + i, SHAPE, undefined, dtype)]));
    let state = start();
    const compare = async (feeds: ReadonlyMap<typeof a, NDArray>, given: ReadonlyMap<typeof a, NDArray>) => {
      await oneByOne.bind(new Map([...state, ...feeds]));
      const [nextA, nextB, nextC, expected] = await oneByOne.run();
      await program.bind(new Map([...given, ...feeds]));
      const [got] = await program.run();
      expect([...got.data]).toEqual([...expected.data]);
      state = new Map([
        [a, nextA],
        [b, nextB],
        [c, nextC],
      ]);
      const carried = await program.carried();
      for (const [tensor, { data }] of state) expect([...carried.get(tensor)!.data]).toEqual([...data]);
    };
    for (let i = 0; i < 4; i++) {
      await compare(new Map([[u, draw(20 + i, SHAPE, undefined, dtype)]]), i === 0 ? state : new Map());
    }
    // One is set again; the others continue.
    const again = new Map([[b, draw(30, SHAPE, undefined, dtype)]]);
    state = new Map([...state, ...again]);
    await compare(new Map([[u, draw(31, SHAPE, undefined, dtype)]]), again);
    // What was read belongs to the caller.
    (await program.carried()).get(a)!.data.fill(NaN);
    await compare(new Map([[u, draw(32, SHAPE, undefined, dtype)]]), new Map());
    program.dispose();
    oneByOne.dispose();
  });

  test('after an aborted bind, all inputs have to be given', async () => {
    const backend = await opened;
    const { a, b, c, u, carry, outputs } = recurrence(dtype);
    const program = await Program.compile(outputs, { backend, carry });
    const all = new Map([a, b, c, u].map((each, i) => [each, draw(i, SHAPE, undefined, dtype)]));
    const some = new Map([[u, draw(9, SHAPE, undefined, dtype)]]);
    await expect(program.bind(some)).rejects.toThrow('no value given for a');
    await program.bind(all);
    const controller = new AbortController();
    const bound = program.bind(some, controller.signal);
    controller.abort(new Error('enough'));
    await expect(bound).rejects.toThrow('enough');
    await expect(program.bind(some)).rejects.toThrow('no value given for a');
    await program.bind(all);
    program.dispose();
  });
});

test('invalid carries are refused', async () => {
  const [a, b] = ['a', 'b'].map((name) => input(name, SHAPE, 'float64'));
  const compile = (carry: ReadonlyMap<typeof a, typeof a>, outputs = [sum(a)], varying: (typeof a)[] = []) =>
    Program.compile(outputs, { backend: referenceBackend, carry, varying });
  await expect(compile(new Map([[a, add(a, a)]]), [sum(a)], [b])).rejects.toThrow(InputError);
  await expect(compile(new Map([[add(a, b), a]]))).rejects.toThrow('expected an input');
  await expect(compile(new Map([[a, sum(a)]]))).rejects.toThrow(ShapeError);
  await expect(compile(new Map([[a, add(a, a)]]), [a])).rejects.toThrow('got the input itself');
  const swapped = new Map([
    [a, b],
    [b, a],
  ]);
  await expect(compile(swapped)).rejects.toThrow('got the input itself');
});
