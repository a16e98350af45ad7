import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildNetwork,
  cellNetwork,
  DARTS_SPACE,
  formatGenotype,
  initialize,
  loadStateDict,
  NAS_BENCH_201_SPACE,
  parseCase,
  parseGenotype,
  pytorchDefault,
  stateDict,
  superNetwork,
  Trace,
  WELL_KNOWN_CELLS,
} from '../../src/nn/index.ts';
import { encodeSafetensors } from '../../src/nn/index.ts';
import { evaluate, Generator, InputError, ndarray, ShapeError } from '../../src/tensor/index.ts';
import { draw, relativeError } from '../support/arrays.ts';
import { golden, goldenNames } from '../support/golden.ts';
import { smallNetwork } from '../support/networks.ts';

const size = { channels: 4, cells: 1, classes: 10, depth: -1, useStem: true };
const cell = '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|';

describe('architecture strings', () => {
  test('are read and written back the same', () => {
    const edges = (count: number) =>
      fc.array(fc.constantFrom(...NAS_BENCH_201_SPACE), { minLength: count, maxLength: count });
    fc.assert(
      fc.property(edges(1), edges(2), edges(3), (a, b, c) => {
        expect(parseGenotype(formatGenotype([a, b, c]))).toEqual([a, b, c]);
      }),
    );
    for (const known of Object.values(WELL_KNOWN_CELLS)) expect(formatGenotype(parseGenotype(known))).toBe(known);
  });

  test.each([
    ['', /expected 3 nodes separated by '\+', got 1/],
    ['|none~0|+|none~0|+|none~0|none~1|none~2|', /expected 2 edges into node 2, got 1/],
    ['|none~0|+|none~1|none~0|+|none~0|none~1|none~2|', /expected operation~0, got "none~1"/],
    ['|conv_7x7~0|+|none~0|none~1|+|none~0|none~1|none~2|', /unknown operation "conv_7x7", expected one of none, skip/],
    ['none~0+|none~0|none~1|+|none~0|none~1|none~2|', /expected node 1 between '\|'/],
  ])('%j is refused', (text, message) => {
    expect(() => parseGenotype(text)).toThrow(InputError);
    expect(() => parseGenotype(text)).toThrow(message);
  });
});

describe('networks', () => {
  test.each(goldenNames)('%s has just the parameters and buffers of its reference', (name) => {
    const { network, metadata } = golden(name);
    const weights = [...network.namedParameters().keys()].filter((parameter) => parameter.includes('weight'));
    // Every name that the reference took a gradient of exists, in the same order.
    const gradients = (JSON.parse(metadata.gradient_parameters) as [string, number[]][]).map(
      ([parameter]) => parameter,
    );
    expect(weights.filter((weight) => gradients.includes(weight))).toEqual(gradients);
  });

  test('have the depth and the stem that they are told', () => {
    const shallow = superNetwork(NAS_BENCH_201_SPACE, 4, { ...size, channels: 1, depth: 1, useStem: false });
    const trace = new Trace(shallow, [4, 1, 3, 3], { mode: 'train' });
    expect(trace.y.shape).toEqual([4, 10]);
    const took = [...trace.parameters(shallow).keys()];
    expect(took.some((name) => name.startsWith('stem'))).toBe(false);
    expect(took.some((name) => name.startsWith('cells.1'))).toBe(false);
  });

  test('a pruned operation takes no part, and its parameters get no gradient', () => {
    const network = superNetwork(NAS_BENCH_201_SPACE, 4, size);
    const { alphas } = network;
    const data = Float64Array.from(alphas!.value.data);
    data[3] = -1000; // edge 1<-0, nor_conv_3x3
    alphas!.value = ndarray(data, alphas!.shape);
    const took = new Trace(network, [2, 3, 8, 8], { mode: 'train' }).parameters(network);
    expect(took.has('cells.0.edges.1<-0.3.op.1.weight')).toBe(false);
    expect(took.has('cells.0.edges.1<-0.2.op.1.weight')).toBe(true);
    expect(took.has('cells.0.edges.2<-0.3.op.1.weight')).toBe(true);
  });

  test('a DARTS edge that is pruned whole gives 0, even when it was the only one', async () => {
    const network = smallNetwork('DARTS supernet', 1);
    for (const name of ['arch_normal_parameters', 'arch_reduce_parameters']) {
      const alphas = network.namedParameters().get(name)!;
      alphas.value = ndarray(new Float64Array(alphas.value.data.length).fill(-1000), alphas.shape);
    }
    const trace = new Trace(network, [2, 3, 8, 8], { mode: 'train' });
    const [logits] = await evaluate([trace.y], new Map([...trace.variables(), [trace.x, draw(1, [2, 3, 8, 8])]]));
    // With every edge gone both samples see the same zeros.
    expect(logits.data.slice(0, 3)).toEqual(logits.data.slice(3));
  });

  test('give samples copies of the parameters only in eval mode', () => {
    const network = cellNetwork(parseGenotype(cell), size);
    expect(() => new Trace(network, [2, 3, 8, 8], { mode: 'train', perSample: true })).toThrow(ShapeError);
  });

  test('traced per sample give the same logits as traced on the batch', async () => {
    const network = smallNetwork('NAS-Bench-201 supernet', 2);
    const images = draw(3, [3, 3, 8, 8]);
    const run = async (perSample: boolean) => {
      const trace = new Trace(network, images.shape, { mode: 'eval', perSample });
      const [y] = await evaluate(
        [trace.y],
        new Map([...trace.variables(), [trace.x, { ...images, shape: trace.x.shape }]]),
      );
      return y;
    };
    expect(relativeError(await run(true), await run(false))).toBeLessThan(1e-14);
  });
});

describe('state dicts', () => {
  const network = cellNetwork(parseGenotype(cell), size);
  initialize(network, pytorchDefault, new Generator(0));

  test('go out and come back', () => {
    const state = new Map([...stateDict(network)].map(([name, { shape }], i) => [name, draw(i, shape)] as const));
    loadStateDict(network, state);
    for (const [name, { data }] of stateDict(network)) expect(data).toEqual(state.get(name)!.data);
  });

  test('that miss a name, have one too many, or another shape change nothing', () => {
    const before = [...stateDict(network).values()].map(({ data }) => data);
    const state = stateDict(network);
    state.delete('stem.0.weight');
    expect(() => loadStateDict(network, state, 'file')).toThrow(new InputError('file: missing stem.0.weight'));
    const more = stateDict(network)
      .set('extra', draw(1, [1]))
      .set('stem.1.num_batches_tracked', draw(1, []));
    expect(() => loadStateDict(network, more)).toThrow(new InputError('state: unexpected extra'));
    const other = stateDict(network).set('stem.1.weight', draw(1, [5]));
    expect(() => loadStateDict(network, other)).toThrow('state: stem.1.weight: expected shape [4], got [5]');
    expect([...stateDict(network).values()].map(({ data }) => data)).toEqual(before);
  });
});

describe('configurations', () => {
  const good = { name: 'infer.tiny', C: 4, N: 1, arch_str: cell, num_classes: 10 };

  test.each([
    [null, /config: expected an object, got null/],
    [{ ...good, name: 'resnet' }, /name: expected "infer.tiny" or "DARTS-V1", got "resnet"/],
    [{ ...good, C: 0 }, /C: expected an integer from 1 to 4096, got 0/],
    [{ ...good, C: 1.5 }, /C: expected an integer/],
    [{ ...good, num_classes: '10' }, /num_classes: expected an integer from 1 to 4096, got "10"/],
    [{ ...good, arch_str: undefined }, /arch_str: expected a string/],
    [{ ...good, affine: false }, /affine: expected true, got false/],
    [
      { ...good, name: 'DARTS-V1', space: ['none', 'warp'], max_nodes: 4 },
      /space: expected operations of .*got "warp"/,
    ],
    [{ ...good, name: 'DARTS-V1', space: [...DARTS_SPACE], super_type: 'nasnet-super' }, /stem_multiplier: expected/],
  ])('%j is refused', (config, message) => {
    expect(() => buildNetwork(config)).toThrow(InputError);
    expect(() => buildNetwork(config)).toThrow(message);
  });
});

describe('case files', () => {
  const network = cellNetwork(parseGenotype(cell), size);
  initialize(network, pytorchDefault, new Generator(0));
  const metadata = {
    name: 'made',
    mode: 'train',
    config: JSON.stringify({ name: 'infer.tiny', C: 4, N: 1, arch_str: cell, num_classes: 10 }),
  };
  const state = [...stateDict(network)].map(([name, value]) => [`state.${name}`, value] as const);
  const encode = (change: Record<string, string | undefined>, input = draw(1, [2, 3, 8, 8])) => {
    const strings = Object.fromEntries(
      Object.entries({ ...metadata, ...change }).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    return encodeSafetensors({ metadata: strings, tensors: new Map([...state, ['input', input]]) });
  };

  test('are read with network, mode and images', () => {
    const read = parseCase(encode({}), 'made.safetensors');
    expect([read.name, read.mode, read.input.shape]).toEqual(['made', 'train', [2, 3, 8, 8]]);
  });

  test.each([
    [{ mode: 'both' }, /made: mode: expected "train" or "eval", got "both"/],
    [{ mode: undefined }, /made: metadata mode is missing/],
    [{ config: '{' }, /made: config: expected JSON, got \{/],
  ])('with %j are refused', (change, message) => {
    expect(() => parseCase(encode(change), 'made')).toThrow(message);
  });

  test('with images that are no batch, or not finite, are refused', () => {
    expect(() => parseCase(encode({}, draw(1, [3, 8, 8])), 'made')).toThrow(/made: input: expected images of shape/);
    expect(() => parseCase(encode({}, draw(1, [0, 3, 8, 8])), 'made')).toThrow(/none empty, got \[0, 3, 8, 8\]/);
    const images = draw(1, [2, 3, 8, 8]);
    images.data[7] = NaN;
    expect(() => parseCase(encode({}, images), 'made')).toThrow(
      'made: input: expected finite numbers, got NaN at element 7',
    );
  });
});
