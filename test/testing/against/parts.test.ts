import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  Flatten,
  Functional,
  GroupNorm,
  initialize,
  LayerNorm,
  Linear,
  pytorchDefault,
  Sequential,
  Tanh,
} from '../../../src/nn/index.ts';
import { permutationOf } from '../../../src/testing/against/permutation.ts';
import { usualFactors } from '../../../src/testing/against/factors.ts';
import { rolesOf } from '../../../src/testing/against/roles.ts';
import { JacobianProgram } from '../../../src/ntk/index.ts';
import { tolerancesOf } from '../../../src/testing/against/tolerance.ts';
import { Generator, InputError, ndarray, referenceBackend, tanh } from '../../../src/tensor/index.ts';
import { parseSentTensors, parseSettings } from '../../../src/testing/against/index.ts';
import { runs } from '../../support/runs.ts';
import { smallNetwork, smallNetworks } from '../../support/networks.ts';

describe('permutationOf', () => {
  const matrixOf = (seed: number, size: number, distinct: number) => {
    const generator = new Generator(seed);
    const rows = generator.normals([distinct, 4], { dtype: 'float64' }).data;
    const row = (i: number) => [...rows.subarray((i % distinct) * 4, ((i % distinct) + 1) * 4)];
    const matrix = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) matrix[i * size + j] = row(i).reduce((sum, x, e) => sum + x * row(j)[e], 0);
    }
    return { matrix, lengths: Float64Array.from({ length: size }, (_, i) => Math.sqrt(matrix[i * (size + 1)])) };
  };

  test('an order is found, also with duplicated samples', () => {
    const cases = fc.record({ seed: fc.nat(1e6), size: fc.integer({ min: 2, max: 12 }), twins: fc.nat(2) });
    fc.assert(
      fc.property(cases, ({ seed, size, twins }) => {
        const { matrix, lengths } = matrixOf(seed, size, Math.max(2, size - twins));
        const order = [...new Generator(seed).fork('order').permutation(size)];
        const sent = matrix.map((_, e) => matrix[order[Math.floor(e / size)] * size + order[e % size]]);
        const found = permutationOf(sent, { matrix, lengths, tolerance: 1e-13 }) ?? order.map((_, i) => i);
        const again = matrix.map((_, e) => matrix[found[Math.floor(e / size)] * size + found[e % size]]);
        expect([...found].sort((a, b) => a - b)).toEqual(order.map((_, i) => i));
        again.forEach((each, e) => expect(Math.abs(each - sent[e])).toBeLessThan(1e-11));
      }),
      { numRuns: runs(100) },
    );
  });

  test('there is no order where one number differs', () => {
    const { matrix, lengths } = matrixOf(3, 6, 6);
    const order = [2, 0, 1, 5, 4, 3];
    const sent = matrix.map((_, e) => matrix[order[Math.floor(e / 6)] * 6 + order[e % 6]]);
    expect(permutationOf(sent, { matrix, lengths, tolerance: 1e-13 })).toEqual(order);
    for (const at of [0, 1, 20]) {
      const other = sent.map((each, e) => (e === at ? each * (1 + 1e-9) : each));
      expect(permutationOf(other, { matrix, lengths, tolerance: 1e-13 })).toBeUndefined();
    }
    expect(permutationOf(matrix, { matrix, lengths, tolerance: 1e-13 })).toBeUndefined();
  });
});

describe('usualFactors', () => {
  test('each number occurs once, under its most usual name, and 1 is not among them', () => {
    const factors = usualFactors({ samples: 4, outputs: 2, parameters: [9, 16], of: 'trace' });
    const numbers = factors.map(({ factor }) => factor.toPrecision(10));
    expect(new Set(numbers).size).toBe(numbers.length);
    const nameOf = (factor: number) => factors.find((each) => Math.abs(each.factor / factor - 1) < 1e-9)?.mistake.name;
    expect(nameOf(1 / 2)).toBe('outputs are averaged (the kernel is divided by K)');
    expect(nameOf(1 / 4)).toBe('the kernel is divided by N');
    expect(nameOf(9)).toBe('the kernel is multiplied by P');
    expect(nameOf(1 / 3)).toBe('the kernel is divided by √P');
    expect(nameOf(1)).toBeUndefined();
  });

  test('outputs are averaged in a kernel of all of them alone', () => {
    const kinds = (of: 'sum' | 'trace' | 'full' | 1) =>
      usualFactors({ samples: 5, outputs: 3, parameters: [100], of })
        .filter(({ mistake }) => mistake.kind === 'averaged')
        .map(({ factor }) => Math.round(1 / factor));
    expect([kinds('sum'), kinds('trace'), kinds('full'), kinds(1)]).toEqual([[9], [3], [], []]);
  });
});

describe('rolesOf', () => {
  const roleOf = (name: string, modules: Map<string, unknown>) => {
    const [, path, last] = /^(.*)\.([^.]+)$/.exec(name)!;
    const isNorm = modules.get(path) instanceof BatchNorm2d;
    return last === 'bias' ? (isNorm ? 'beta' : 'bias') : isNorm ? 'gamma' : 'weight';
  };

  test.each(smallNetworks)('%s: the roles in the expression are those of the layers', (name) => {
    const network = smallNetwork(name, 1);
    const roles = rolesOf(network, [3, 3, 8, 8]);
    const modules = network.namedModules();
    expect(roles.length).toBeGreaterThan(10);
    for (const { name: parameter, role, uses } of roles) {
      expect({ parameter, role, uses }).toEqual({ parameter, role: roleOf(parameter, modules), uses: 1 });
    }
  });

  test('other normalisations, and layers that are used more than once', () => {
    const shared = new Linear(6, 6);
    const network = new Functional(
      {
        conv: new Conv2d(2, 4, 3, { padding: 1 }),
        group: new GroupNorm(2, 4),
        flatten: new Sequential(new Flatten(), new Linear(36, 6, { bias: false })),
        layer: new LayerNorm(6),
        shared,
      },
      (x, f) => f.shared(tanh(f.shared(f.layer(f.flatten(f.group(f.conv(x))))))),
    );
    initialize(network, pytorchDefault, new Generator(0));
    expect(rolesOf(network, [2, 2, 3, 3]).map(({ name, role, uses }) => [name, role, uses])).toEqual([
      ['conv.weight', 'weight', 1],
      ['conv.bias', 'bias', 1],
      ['group.weight', 'gamma', 1],
      ['group.bias', 'beta', 1],
      ['flatten.1.weight', 'weight', 1],
      ['layer.weight', 'gamma', 1],
      ['layer.bias', 'beta', 1],
      ['shared.weight', 'weight', 2],
      ['shared.bias', 'bias', 2],
    ]);
  });
});

test('tolerances grow with the rounding of a network, within bounds', async () => {
  const rowsOf = async (offset: number, dtype: 'float32' | 'float64') => {
    // Batch norm removes what a bias adds, and with it the rounding of the sum.
    const up = new Linear(4, 4);
    const network = new Sequential(new Linear(3, 4), new Tanh(), up, new BatchNorm1d(4), new Linear(4, 2));
    initialize(network, pytorchDefault, new Generator(4));
    up.bias!.value = ndarray(new Float64Array(4).fill(offset), [4]);
    const x = new Generator(5).normals([6, 3], { dtype: 'float64' });
    const program = await JacobianProgram.compile(network, x.shape, {
      dtype,
      backend: referenceBackend,
      outputs: 'full',
      mode: 'train',
    });
    return program.run(x);
  };
  const at = async (offset: number) => tolerancesOf(await rowsOf(offset, 'float64'), await rowsOf(offset, 'float32'));
  const [even, rounding] = [await at(0), await at(1e3)];
  expect(even.float64 / even.float32).toBeCloseTo(2 ** -29, 12);
  expect(even.float32).toBeGreaterThanOrEqual(64 * 2 ** -24);
  expect(rounding.float32).toBeGreaterThan(10 * even.float32);
  expect(rounding.float32).toBeLessThanOrEqual(16 * 1024 * 2 ** -24);
  expect(tolerancesOf(await rowsOf(0, 'float64'), undefined).float32).toBe(64 * 2 ** -24);
});

describe('files', () => {
  const array = ndarray([1, 2], [1, 2]);

  test('settings are words, numbers and patterns', () => {
    const { outputs, parameters, mode } = parseSettings(
      { outputs: '2', parameters: '/conv.*weight/', mode: 'eval' },
      'f',
    );
    expect([outputs, String(parameters), mode]).toEqual([2, '/conv.*weight/', 'eval']);
    expect(parseSettings({}, 'f')).toEqual({ outputs: undefined, parameters: undefined, mode: undefined });
  });

  test.each([
    [{ outputs: 'all' }, 'f: outputs: expected sum, trace, full or the number of an output, got all'],
    [{ outputs: '-1' }, 'f: outputs: expected'],
    [{ parameters: 'weights' }, 'f: parameters: expected weight, all or /REGEX/, got weights'],
    [{ parameters: '/(/' }, 'f: parameters: expected weight, all or /REGEX/, got /(/'],
    [{ mode: 'training' }, 'f: mode: expected "train" or "eval", got "training"'],
  ])('%o is refused', (metadata, message) => {
    const call = () => parseSettings(metadata, 'f');
    expect(call).toThrow(InputError);
    expect(call).toThrow(message);
  });

  test('tensors are found by name, and a misspelt one is refused', () => {
    const tensors = new Map([
      ...['input', 'state.a', 'logits', 'rows.b.c'].map((name) => [name, array] as const),
      ['expected.ntk', array] as const,
    ]);
    const { kernel, input } = parseSentTensors(tensors, 'f');
    expect(kernel).toEqual({
      ntk: array,
      logits: array,
      rows: { joined: undefined, byParameter: new Map([['b.c', array]]) },
    });
    expect(input).toBe(array);
    const other = ndarray([3], [1]);
    expect(parseSentTensors(new Map([...tensors, ['ntk', other]]), 'f').kernel!.ntk).toBe(other);
    expect(parseSentTensors(new Map([['input', array]]), 'f').kernel).toBeUndefined();
    expect(() =>
      parseSentTensors(
        new Map([
          ['ntk', array],
          ['row', array],
        ]),
        'f',
      ),
    ).toThrow('f: expected tensors ntk, input, logits, rows and rows.NAME, got row');
  });
});
