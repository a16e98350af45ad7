import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildNetwork,
  cellNetwork,
  DARTS_SPACE,
  DartsNetwork,
  formatGenotype,
  initialize,
  kaimingNormal,
  loadStateDict,
  type Module,
  NAS_BENCH_201_SPACE,
  parseCase,
  parseGenotype,
  pytorchDefault,
  sortedEdges,
  stateDict,
  superNetwork,
  Trace,
  uniformWithin,
  WELL_KNOWN_CELLS,
} from '../../src/nn/index.ts';
import { encodeSafetensors } from '../../src/nn/index.ts';
import { evaluate, Generator, InputError, ndarray } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { golden, goldenNames } from '../support/golden.ts';

const size = { channels: 4, cells: 1, classes: 10, depth: -1, useStem: true };
const cell = '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|';

describe('architecture strings', () => {
  test('are parsed and formatted back unchanged', () => {
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
  test.each(goldenNames)('%s has exactly the parameters and buffers of its reference', (name) => {
    const { network, metadata } = golden(name);
    const weights = [...network.namedParameters().keys()].filter((parameter) => parameter.includes('weight'));
    // Every name that the reference has a gradient of exists, in the same order.
    const gradients = (JSON.parse(metadata.gradient_parameters) as [string, number[]][]).map(
      ([parameter]) => parameter,
    );
    expect(weights.filter((weight) => gradients.includes(weight))).toEqual(gradients);
  });

  test('have the given depth and stem', () => {
    const shallow = superNetwork(NAS_BENCH_201_SPACE, 4, { ...size, channels: 1, depth: 1, useStem: false });
    const trace = new Trace(shallow, [4, 1, 3, 3], { mode: 'train' });
    expect(trace.y.shape).toEqual([4, 10]);
    const took = [...trace.parameters(shallow).keys()];
    expect(took.some((name) => name.startsWith('stem'))).toBe(false);
    expect(took.some((name) => name.startsWith('cells.1'))).toBe(false);
  });

  test('a pruned operation is left out, and its parameters get no gradient', () => {
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

  test('an operation needs a weight above 0.01: of a hundred equal ones none has it', () => {
    const of = (operations: number) =>
      superNetwork(Array<string>(operations).fill('skip_connect'), 2, { ...size, cells: 1, depth: 1 });
    const trace = (network: Module) => new Trace(network, [2, 3, 8, 8], { mode: 'train' });
    expect(trace(of(99)).y.shape).toEqual([2, 10]);
    expect(() => trace(of(100))).toThrow(/node 1: no operation into it weighs more than 0\.01, expected at least one$/);
  });

  test('edges are numbered in alphabetical order, in which 10<-0 comes before 1<-0', () => {
    expect(sortedEdges(['2<-0', '1<-0', '10<-0', '2<-1'])).toEqual(['10<-0', '1<-0', '2<-0', '2<-1']);
    // Of a cell of twelve nodes row 0 is that of the edge 10<-0: an operation of a low alpha there takes no part.
    const network = superNetwork(['nor_conv_1x1', 'skip_connect'], 12, { ...size, cells: 1, depth: 1 });
    const { alphas } = network;
    const data = Float64Array.from(alphas!.value.data);
    data[0] = -1000;
    alphas!.value = ndarray(data, alphas!.shape);
    const took = new Trace(network, [2, 3, 8, 8], { mode: 'train' }).parameters(network);
    expect(took.has('cells.0.edges.10<-0.0.op.1.weight')).toBe(false);
    expect(took.has('cells.0.edges.1<-0.0.op.1.weight')).toBe(true);
  });

  const darts = (steps: number, multiplier: number, edges: readonly (readonly [edge: string, alpha: number])[]) => {
    const network = new DartsNetwork({
      ...size,
      ...{ depth: 1, channels: 2, stemMultiplier: 1, steps, multiplier },
      space: ['skip_connect', 'avg_pool_3x3'],
    });
    initialize(network, pytorchDefault, new Generator(0));
    const rows = sortedEdges(
      Array.from({ length: steps }, (_, i) => Array.from({ length: 2 + i }, (_, j) => `${i}<-${j}`)).flat(),
    );
    const data = new Float64Array(2 * rows.length);
    for (const [edge, alpha] of edges) data.fill(alpha, 2 * rows.indexOf(edge), 2 * rows.indexOf(edge) + 2);
    network.normalAlphas.value = ndarray(data, [rows.length, 2]);
    return network;
  };
  const logitsOf = async (network: DartsNetwork) => {
    const trace = new Trace(network, [2, 3, 8, 8], { mode: 'train' });
    const feeds = new Map([...trace.variables(), [trace.x, draw(1, [2, 3, 8, 8])] as const]);
    return (await evaluate([trace.y], feeds))[0].data;
  };

  test('a DARTS edge without operations adds nothing to its node', async () => {
    // Without the edge 0<-0 node 0 is the edge 0<-1 alone. Softmax does not change when both alphas are lower.
    const one = await logitsOf(darts(1, 1, [['0<-0', -1000]]));
    expect(one).toEqual(await logitsOf(darts(1, 1, [['0<-0', -2000], ['0<-1', -5]]))); // prettier-ignore
    expect(one).not.toEqual(await logitsOf(darts(1, 1, [])));
  });

  test('a DARTS node without incoming edges is refused where it is used, as TE-NAS fails there', async () => {
    const pruned = (...edges: string[]) => edges.map((edge) => [edge, -1000] as const);
    const refused = async (network: DartsNetwork, message: RegExp) => {
      await expect(logitsOf(network)).rejects.toThrow(InputError);
      await expect(logitsOf(network)).rejects.toThrow(message);
    };
    await refused(
      darts(2, 2, pruned('0<-0', '0<-1')),
      /^DartsNetwork: DARTS normal cell: node 0: every edge into it is pruned, .* as the edge 1<-2 reads it$/,
    );
    await refused(
      darts(2, 2, pruned('0<-0', '0<-1', '1<-2')),
      /normal cell: node 0: .* as the cell's output reads it$/,
    );
    await refused(
      darts(2, 1, pruned('1<-0', '1<-1', '1<-2')),
      /normal cell: node 1: .* as the cell's output reads it$/,
    );
    // Nothing reads node 0: TE-NAS computes such a network, and so does ntkit.
    expect([...(await logitsOf(darts(2, 1, pruned('0<-0', '0<-1', '1<-2'))))].every(Number.isFinite)).toBe(true);
  });
});

test('initializers draw float32 weights, the rounded normal and uniform numbers of their stream', () => {
  const std = Math.sqrt(2 / 18);
  const [normal, uniform] = [kaimingNormal('fan-in'), uniformWithin(0.5)].map((init) =>
    init([4, 2, 3, 3], new Generator(3)),
  );
  const expected = [
    new Generator(3).normals([4, 2, 3, 3], { std }),
    new Generator(3).uniforms([4, 2, 3, 3], { low: -0.5, high: 0.5 }),
  ];
  expect([normal.data, uniform.data]).toEqual(expected.map(({ data }) => Float32Array.from(data)));
  expect(expected.map(({ dtype }) => dtype)).toEqual(['float64', 'float64']);
});

describe('state dicts', () => {
  const network = cellNetwork(parseGenotype(cell), size);
  initialize(network, pytorchDefault, new Generator(0));

  test('are saved and loaded', () => {
    const state = new Map([...stateDict(network)].map(([name, { shape }], i) => [name, draw(i, shape)] as const));
    for (const [name, { data }] of state) if (name.endsWith('running_var')) data.forEach((x, i) => (data[i] = x * x));
    loadStateDict(network, state);
    for (const [name, { data }] of stateDict(network)) expect(data).toEqual(state.get(name)!.data);
  });

  test.each([
    ['stem.0.weight', NaN, 'expected finite numbers, got NaN at element 5'],
    ['classifier.bias', -Infinity, 'expected finite numbers, got -Infinity at element 5'],
    ['cells.1.conv_a.op.2.running_mean', Infinity, 'expected finite numbers, got Infinity at element 5'],
    ['lastact.0.running_var', NaN, 'expected finite numbers, got NaN at element 5'],
    ['lastact.0.running_var', -1e-9, 'expected variances ≥ 0, got -1e-9 at element 5'],
  ])('whose %s holds %d are refused by its name, and change nothing', (name, value, message) => {
    const before = [...stateDict(network).values()].map(({ data }) => data.slice());
    const state = stateDict(network);
    const old = state.get(name)!;
    state.set(name, { ...old, data: old.data.map((x, i) => (i === 5 ? value : x + 1)) });
    expect(() => loadStateDict(network, state, 'case.safetensors: state')).toThrow(
      new InputError(`case.safetensors: state: ${name}: ${message}`),
    );
    expect([...stateDict(network).values()].map(({ data }) => data)).toEqual(before);
    // A variance of 0 is one, and a mean may be negative.
    for (const [zero, x] of [
      ['lastact.0.running_var', 0],
      ['lastact.0.running_mean', -1],
    ] as const) {
      const { shape, data } = state.get(zero)!;
      loadStateDict(network, stateDict(network).set(zero, ndarray(new Float64Array(data.length).fill(x), shape)));
    }
  });

  test('with a missing name, an extra one or a different shape change nothing', () => {
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
  const supernet = { name: 'DARTS-V1', C: 1, N: 1, max_nodes: 4, num_classes: 10, space: [...NAS_BENCH_201_SPACE] };
  const darts = { ...supernet, stem_multiplier: 1, steps: 2, multiplier: 2, super_type: 'nasnet-super' };

  test.each([
    // The fields of TE-NAS's own configurations, including those that its constructors do not read.
    { ...good, super_type: 'basic', depth: -1, use_stem: true, affine: true, track_running_stats: true },
    { ...good, genotype: cell },
    { ...good, arch_str: undefined, genotype: cell },
    { ...supernet, super_type: 'basic', depth: 1, use_stem: false },
    { ...supernet, N: 2, depth: -1 },
    { ...darts, max_nodes: 4, depth: 2, use_stem: false },
  ])('%j is built', (config) => {
    expect(buildNetwork(config).namedParameters().size).toBeGreaterThan(0);
  });

  test('of DARTS have a reduction cell in both later stages, even when N is 0', () => {
    // TE-NAS: layer_channels = [C]*N + [2C] + [2C]*(N - 1) + [4C] + [4C]*(N - 1)
    const cellsOf = (N: number) =>
      new Set(
        [
          ...buildNetwork({ ...darts, N })
            .namedParameters()
            .keys(),
        ].flatMap((name) => /^cells\.\d+/.exec(name) ?? []),
      );
    expect([0, 1, 2].map((n) => cellsOf(n).size)).toEqual([2, 3, 6]);
  });

  test.each([
    [null, /config: expected an object, got null/],
    [{ ...good, name: 'resnet' }, /name: expected "infer.tiny" or "DARTS-V1", got "resnet"/],
    [{ ...good, C: 0 }, /C: expected an integer from 1 to 4096, got 0/],
    [{ ...good, C: 1.5 }, /C: expected an integer/],
    [{ ...good, num_classes: '10' }, /num_classes: expected an integer from 1 to 4096, got "10"/],
    [{ ...good, arch_str: undefined }, /arch_str: expected a string/],
    [
      { ...good, use_stem: false },
      /^config: use_stem: expected true: a network of infer\.tiny always has its stem, got false$/,
    ],
    [{ ...good, depth: 1 }, /^config: depth: expected -1: a network of infer\.tiny always has all its cells, got 1$/],
    [
      { ...good, max_nodes: 4 },
      /^config: max_nodes: expected no such field, only name, super_type, C, N, .*arch_str, got 4$/,
    ],
    [{ ...good, n: 2 }, /^config: n: expected no such field/],
    [{ ...good, toString: 2 }, /^config: toString: expected no such field/],
    [{ ...good, super_type: 'nasnet-super' }, /^config: super_type: expected "basic", got "nasnet-super"$/],
    [{ ...good, genotype: cell.replace('none', 'skip_connect') }, /^config: genotype: expected the cell of arch_str/],
    [{ ...good, affine: false }, /affine: expected true, got false/],
    [
      { ...good, name: 'DARTS-V1', space: ['none', 'warp'], max_nodes: 4 },
      /space: expected operations of .*got "warp"/,
    ],
    [{ ...good, name: 'DARTS-V1', space: [...DARTS_SPACE], super_type: 'nasnet-super' }, /stem_multiplier: expected/],
    [{ ...supernet, super_type: 'nasnet' }, /^config: super_type: expected "basic" or "nasnet-super", got "nasnet"$/],
    [{ ...supernet, steps: 4 }, /^config: steps: expected no such field/],
    [{ ...supernet, arch_str: cell }, /^config: arch_str: expected no such field/],
    [
      { ...supernet, max_nodes: 1500 },
      /^config: too large a network, expected at most 100000 operations on edges, got 28106250$/,
    ],
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
    [
      { mode: undefined },
      /^made: not a case, metadata mode missing: expected a safetensors file with .*docs\/pytorch\.md/,
    ],
    [{ name: undefined, config: undefined }, /^made: not a case, metadata name, metadata config missing: /],
    [{ config: '{' }, /made: config: expected JSON, got \{/],
  ])('with %j are refused', (change, message) => {
    expect(() => parseCase(encode(change), 'made')).toThrow(message);
  });

  test('with images that are not a batch or not finite are refused', () => {
    expect(() => parseCase(encode({}, draw(1, [3, 8, 8])), 'made')).toThrow(/made: input: expected images of shape/);
    expect(() => parseCase(encode({}, draw(1, [0, 3, 8, 8])), 'made')).toThrow(/none empty, got \[0, 3, 8, 8\]/);
    const images = draw(1, [2, 3, 8, 8]);
    images.data[7] = NaN;
    expect(() => parseCase(encode({}, images), 'made')).toThrow(
      'made: input: expected finite numbers, got NaN at element 7',
    );
  });
});
