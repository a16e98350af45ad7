import fc from 'fast-check';
import {
  BatchNorm2d,
  Buffer,
  cellNetwork,
  Conv2d,
  forward,
  Functional,
  initialize,
  kaimingNormal,
  kaimingUniform,
  Linear,
  type Module,
  NAS_BENCH_201_SPACE,
  operation,
  Parameter,
  parseGenotype,
  pytorchDefault,
  type Scheme,
  Sequential,
  superNetwork,
  TE_NAS_SCHEMES,
  withZeroBias,
  xavierUniform,
} from '../../nn/index.ts';
import { networkCost } from '../../search/index.ts';
import {
  add,
  type Backend,
  cast,
  Generator,
  ndarray,
  type NDArray,
  referenceBackend,
  sizeOf,
} from '../../tensor/index.ts';
import { draw, largest, mapArray } from '../arrays.ts';
import { cells } from '../arbitraries/networks.ts';
import { seeds } from '../arbitraries/shapes.ts';
import { at } from '../backend/definitions.ts';
import { UNIT } from '../backend/values.ts';
import { law, type Law, type Measured } from '../law.ts';
import { randomize } from '../networks/randomize.ts';
import { dataSource, holds, near, nearArrays, same } from './measures.ts';

/** Schemes, and the deviation that a weight [out, in, …taps] has by them. */
const SCHEMES: Readonly<
  Record<string, { scheme: Scheme; deviation: (into: number, out: number) => number; zeroBias: boolean }>
> = {
  'Kaiming normal, fan-in': {
    scheme: withZeroBias(kaimingNormal('fan-in')),
    deviation: (into) => Math.sqrt(2 / into),
    zeroBias: true,
  },
  'Kaiming uniform, fan-out': {
    scheme: withZeroBias(kaimingUniform('fan-out')),
    deviation: (_, out) => Math.sqrt(2 / out),
    zeroBias: true,
  },
  "PyTorch's default": { scheme: pytorchDefault, deviation: (into) => 1 / Math.sqrt(3 * into), zeroBias: false },
  Xavier: {
    scheme: withZeroBias(xavierUniform()),
    deviation: (into, out) => Math.sqrt(2 / (into + out)),
    zeroBias: true,
  },
  "TE-NAS's paper": { scheme: TE_NAS_SCHEMES.paper, deviation: (_, out) => Math.sqrt(2 / out), zeroBias: true },
  "TE-NAS's code": { scheme: TE_NAS_SCHEMES.code, deviation: (into) => 1 / Math.sqrt(3 * into), zeroBias: false },
};

const deviationOf = ({ data }: NDArray) => Math.sqrt([...data].reduce((sum, x) => sum + x * x, 0) / data.length);

const initialisation: Law<Backend> = law({
  name: 'initialisation',
  statement:
    'Weights have the mean 0 and the deviation of their scheme, each parameter a stream of its own by its name; γ is 1, β and means 0, variances 1.',
  share: 0.1,
  cases: { schemes: fc.record({ name: fc.constantFrom(...Object.keys(SCHEMES)), seed: seeds }) },
  check: async (_, { name, seed }) => {
    const { scheme, deviation, zeroBias } = SCHEMES[name];
    const convolution = () => new Conv2d(8, 24, 3);
    const network = new Sequential(convolution(), new BatchNorm2d(24), new Conv2d(24, 8, 3), new Linear(40, 50));
    const all = network.namedState();
    for (const variable of all.values()) variable.value = draw(seed, variable.shape);
    initialize(network, scheme, new Generator(seed));
    const value = (key: string) => all.get(key)!.value;
    const found: Measured[] = [];
    // Deviations of 1,728 and 2,000 numbers are right to 2 % of themselves, means to 3 %; six times as much is allowed.
    for (const [key, into, out] of [
      ['0.weight', 72, 216],
      ['2.weight', 216, 72],
      ['3.weight', 40, 50],
    ] as const) {
      const due = deviation(into, out);
      found.push(near(`the deviation of ${key}`, deviationOf(value(key)) / due, 1, 0.12));
      const mean = [...value(key).data].reduce((a, b) => a + b, 0) / value(key).data.length;
      found.push(near(`the mean of ${key}`, mean / due, 0, 0.18));
    }
    const bias = value('3.bias');
    // 50 numbers of U(±1/√40): all within, and some beyond 0.8 of it but for a chance of 0.8⁵⁰.
    const bound = 1 / Math.sqrt(40);
    found.push(holds('biases', zeroBias ? largest(bias) === 0 : largest(bias) <= bound && largest(bias) > 0.8 * bound));
    const constants = { '1.weight': 1, '1.bias': 0, '1.running_mean': 0, '1.running_var': 1 };
    for (const [key, due] of Object.entries(constants))
      found.push(
        holds(
          key,
          value(key).data.every((x) => x === due),
        ),
      );
    // The same layer elsewhere draws the same; another name, another seed and another parameter do not.
    const again = new Sequential(convolution(), new Conv2d(8, 24, 3));
    initialize(again, scheme, new Generator(seed));
    const [first, second] = ['0.weight', '1.weight'].map((key) => again.namedState().get(key)!.value);
    found.push(nearArrays('the same name draws the same', first, value('0.weight'), 0));
    found.push(
      holds(
        'another name draws others',
        first.data.some((x, i) => x !== second.data[i]),
      ),
    );
    initialize(again, scheme, new Generator(seed + 1));
    found.push(
      holds(
        'another seed draws others',
        again
          .namedState()
          .get('0.weight')!
          .value.data.some((x, i) => x !== first.data[i]),
      ),
    );
    return Promise.resolve([...found, ...sharedAndFixed(scheme, seed)]);
  },
  source: dataSource,
});

/** A parameter that is shared is drawn under its first name; one that is fixed stays; a buffer goes back. */
function sharedAndFixed(scheme: Scheme, seed: number): Measured[] {
  const inner = new Linear(3, 3);
  const twice = new Functional({ first: inner, second: inner }, (x, f) => f.second(f.first(x)));
  initialize(twice, scheme, new Generator(seed));
  const once = new Functional({ first: new Linear(3, 3) }, (x, f) => f.first(x));
  initialize(once, scheme, new Generator(seed));
  const weight = (network: Module) => network.namedParameters().get('first.weight')!.value;
  const fixed = superNetwork(NAS_BENCH_201_SPACE, 3, { channels: 1, cells: 1, classes: 2, depth: 1, useStem: false });
  fixed.alphas!.value = mapArray(fixed.alphas!.value, (_, i) => i);
  initialize(fixed, scheme, new Generator(seed));
  const buffer = new Buffer([2], 3);
  buffer.value = ndarray([5, 6], [2]);
  buffer.reset();
  return [
    nearArrays('a shared parameter', weight(twice), weight(once), 0),
    holds(
      'what is fixed',
      fixed.alphas!.value.data.every((x, i) => x === i),
    ),
    same('a buffer', [...buffer.value.data], [3, 3]),
    same('a number', [...new Parameter([2], 0.5).value.data], [0.5, 0.5]),
  ];
}

const SIZE = { channels: 3, cells: 1, classes: 2, depth: -1, useStem: true };

const supernets: Law<Backend> = law({
  name: 'supernets that are pruned to a cell',
  statement:
    'A supernet with one operation an edge is the network of that cell, and a number that is added to all alphas changes nothing.',
  share: 0.15,
  cases: { cells: fc.record({ cell: cells, seed: seeds }) },
  check: async (backend, { cell, seed }) => {
    const genotype = parseGenotype(cell);
    const chosen = genotype.flat();
    const single = randomize(cellNetwork(genotype, SIZE), seed);
    const whole = randomize(superNetwork(NAS_BENCH_201_SPACE, 4, SIZE), seed);
    const mixed = superNetwork(NAS_BENCH_201_SPACE, 4, SIZE);
    const edges = genotype.flatMap((node, i) => node.map((_, j) => `${i + 1}<-${j}`));
    const own = single.namedState();
    for (const [name, variable] of randomize(mixed, seed).namedState()) {
      const [, stage, edge, op, rest] = /^(cells\.\d+\.)edges\.(\d<-\d)\.(\d)\.(.*)$/.exec(name) ?? [];
      const e = edges.indexOf(edge);
      const other =
        edge === undefined
          ? own.get(name)
          : NAS_BENCH_201_SPACE[Number(op)] === chosen[e]
            ? own.get(`${stage}layers.${e}.${rest}`)
            : undefined;
      if (other) variable.value = other.value;
    }
    const alphas = (shift: number) =>
      ndarray(
        edges.flatMap((_, e) => NAS_BENCH_201_SPACE.map((op) => (op === chosen[e] ? shift : -1000))),
        [6, 5],
      );
    mixed.alphas!.value = alphas(0);
    const [dtype] = backend.dtypes;
    const x = cast(cast(new Generator(seed).normals([2, 3, 6, 6]), 'float32'), 'float64');
    const due = await forward(single, x, { backend, dtype });
    const unit = UNIT[dtype] * 1e4 * Math.max(1, largest(due));
    const got = await forward(mixed, x, { backend, dtype });
    // Alphas of several operations, of which one weighs less than a hundredth and counts nothing.
    const drawn = mapArray(draw(seed, [6, 5]), (a, i) => (i % 5 === 0 ? -6 : a));
    whole.alphas!.value = drawn;
    const before = await forward(whole, x, { backend, dtype });
    whole.alphas!.value = mapArray(drawn, (a) => a + 2000);
    const after = await forward(whole, x, { backend, dtype });
    return [
      nearArrays('the outputs', got, due, unit),
      // α + 2000 is rounded to 2⁻⁴³: the weights move by as much.
      nearArrays('shifted alphas', after, before, 1e4 * (UNIT[dtype] + 2 ** -43) * Math.max(1, largest(before))),
    ];
  },
  source: dataSource,
});

/** The offsets of pixels that an operation reads along a dimension, from its output pixel times its stride. */
const READS: Readonly<Record<string, readonly number[]>> = {
  skip_connect: [0],
  nor_conv_1x1: [0],
  nor_conv_3x3: [-1, 0, 1],
  avg_pool_3x3: [-1, 0, 1],
  max_pool_3x3: [-1, 0, 1],
  sep_conv_3x3: [-2, -1, 0, 1, 2],
  sep_conv_5x5: [-4, -3, -2, -1, 0, 1, 2, 3, 4],
  dil_conv_3x3: [-2, 0, 2],
  dil_conv_5x5: [-4, -2, 0, 2, 4],
};

const operations: Law<Backend> = law({
  name: 'operations of cells',
  statement:
    'An operation reads the pixels of its window and dilation, keeps or halves the size, and averages leave a constant as it is.',
  share: 0.3,
  cases: {
    operations: fc.record({
      name: fc.constantFrom(...Object.keys(READS), 'none'),
      stride: fc.constantFrom(1, 2),
      seed: seeds,
    }),
  },
  check: async (_, { name, stride, seed }) => {
    const size = 12;
    const module = operation(name, 2, 2, stride);
    randomize(module, seed);
    // Positive everywhere, so that no ReLU hides a pixel.
    const x = mapArray(draw(seed, [1, 2, size, size]), (value) => 3 + value);
    const y = await forward(module, x, { backend: referenceBackend });
    const found = [same('the shape', y.shape, [1, 2, size / stride, size / stride])];
    if (name === 'none')
      return [
        ...found,
        holds(
          'nothing',
          y.data.every((value) => value === 0),
        ),
      ];
    if (name === 'avg_pool_3x3') {
      const constant = await forward(
        module,
        mapArray(x, () => 3),
        { backend: referenceBackend },
      );
      return [
        ...found,
        nearArrays(
          'of a constant',
          constant,
          mapArray(constant, () => 3),
          1e-14,
        ),
      ];
    }
    if (name === 'max_pool_3x3') return found;
    const read = new Set<number>();
    const reduces = name === 'skip_connect' && stride === 2;
    const middle = size / stride / 2;
    for (let column = 0; column < size; column++) {
      const moved = { ...x, data: x.data.map((value, i) => (i % size === column ? value + 1 : value)) };
      const other = await forward(module, moved, { backend: referenceBackend });
      const changed = [0, 1].some(
        (c) => Math.abs(at(other, [0, c, middle, middle]) - at(y, [0, c, middle, middle])) > 1e-9,
      );
      if (changed) read.add(column - middle * stride);
    }
    // At twice the stride a skip connection is a convolution of the even pixels beside one of the odd ones. A separable
    // convolution at stride 2 has its second half at the halved size.
    const twice = name.startsWith('sep') && stride === 2;
    const half = name === 'sep_conv_3x3' ? 1 : 2;
    const taps = Array.from({ length: 2 * half + 1 }, (__, i) => i - half);
    const due = reduces
      ? [0, 1]
      : twice
        ? [...new Set(taps.flatMap((a) => taps.map((b) => 2 * a + b)))].sort((a, b) => a - b)
        : READS[name];
    return [
      ...found,
      same(
        'the pixels that it reads',
        [...read],
        due.filter((offset) => middle * stride + offset >= 0 && middle * stride + offset < size),
      ),
    ];
  },
  source: dataSource,
});

const costs: Law<Backend> = law({
  name: 'cost of a network',
  statement:
    'Parameters are all numbers, FLOPs the products of convolutions and linear layers and the additions of biases of the latter.',
  share: 0.3,
  cases: {
    layers: fc.record({
      c: fc.integer({ min: 1, max: 4 }),
      k: fc.integer({ min: 1, max: 4 }),
      size: fc.integer({ min: 3, max: 6 }),
      stride: fc.constantFrom(1, 2),
      seed: seeds,
    }),
  },
  check: async (_, { c, k, size, stride }) => {
    const network = new Sequential(
      new Functional({ a: new Conv2d(c, k, 3, { stride, padding: 1 }), b: new Conv2d(c, k, 1, { stride }) }, (x, f) =>
        add(f.a(x), f.b(x)),
      ),
      new BatchNorm2d(k),
    );
    const side = Math.floor((size - 1) / stride) + 1;
    const { parameters, flops } = networkCost(network, [c, size, size]);
    const dense = networkCost(new Linear(size, k), [size]);
    return Promise.resolve([
      same(
        'parameters',
        parameters,
        [...network.namedParameters().values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      ),
      same('FLOPs', flops, side * side * k * c * 10),
      same('of a linear layer', dense, { parameters: k * size + k, flops: k * size + k }),
    ]);
  },
  source: dataSource,
});

/** Laws of networks. */
export const networkLaws: readonly Law<Backend>[] = [initialisation, supernets, operations, costs];
