import fc from 'fast-check';
import { forward, type Mode, recalibrateBatchNorm, updateRunningStatistics } from '../../nn/index.ts';
import type { Backend, NDArray, Shape } from '../../tensor/index.ts';
import { draw, largest, mapArray } from '../arrays.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';
import { at, indicesOf, tabulate, total } from '../backend/definitions.ts';
import { UNIT } from '../backend/values.ts';
import { law, type Law, type Measured } from '../law.ts';
import { type NetworkDescription, networkFrom } from '../networks/description.ts';
import { randomize } from '../networks/randomize.ts';
import { dataSource, near, nearArrays } from './measures.ts';

interface LayerCase {
  readonly layer: NetworkDescription;
  readonly shape: Shape;
  readonly mode: Mode;
  readonly seed: number;
}

/** The values of a layer's variables, by name. */
type Variables = ReadonlyMap<string, NDArray>;

/** What a layer computes of x, written down as its documentation has it. */
type Formula = (x: NDArray, variables: Variables, drawn: LayerCase) => NDArray;

const options = (layer: NetworkDescription) => (layer.at(-1) ?? {}) as Readonly<Record<string, number>>;

/** (x − μ)/√(σ² + ε)·γ + β, where μ and σ² are over those elements that share a key. */
function normalized(
  x: NDArray,
  eps: number,
  keyOf: (index: readonly number[]) => string,
  affine: (index: readonly number[]) => readonly [number, number],
): NDArray {
  const groups = new Map<string, number[]>();
  for (const index of indicesOf(x.shape)) groups.set(keyOf(index), [...(groups.get(keyOf(index)) ?? []), at(x, index)]);
  const statistics = new Map([...groups].map(([key, list]) => [key, momentsOf(list)] as const));
  return tabulate(x.shape, (...index) => {
    const { mean, variance } = statistics.get(keyOf(index))!;
    const [gamma, beta] = affine(index);
    return ((at(x, index) - mean) / Math.sqrt(variance + eps)) * gamma + beta;
  });
}

function momentsOf(list: readonly number[]): { readonly mean: number; readonly variance: number } {
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return { mean, variance: list.reduce((sum, each) => sum + (each - mean) ** 2, 0) / list.length };
}

const ofChannel = (variables: Variables) => (index: readonly number[]) =>
  [variables.get('weight')!.data[index[1]], variables.get('bias')!.data[index[1]]] as const;

const batchNorm: Formula = (x, variables, { layer, mode }) => {
  const { eps } = options(layer);
  if (mode === 'train') return normalized(x, eps, (index) => String(index[1]), ofChannel(variables));
  const [mean, variance] = [variables.get('running_mean')!.data, variables.get('running_var')!.data];
  return tabulate(x.shape, (...index) => {
    const [gamma, beta] = ofChannel(variables)(index);
    return ((at(x, index) - mean[index[1]]) / Math.sqrt(variance[index[1]] + eps)) * gamma + beta;
  });
};

/** The windows of a pool along one dimension: begin and end, clipped to the padding that counts. */
function windowsOf(
  size: number,
  kernel: number,
  { stride = kernel, padding = 0, ceilMode = 0 }: Readonly<Record<string, number>>,
) {
  const starts: number[] = [];
  for (let start = -padding; ; start += stride) {
    const fits = start + kernel <= size + padding;
    // Rounding up, one more window that begins before the end of image and padding on its left.
    const more = ceilMode && start < size && start - stride + kernel < size + padding;
    if (!fits && !more) return starts;
    starts.push(start);
  }
}

const pool =
  (reduce: (values: readonly number[], divisor: number) => number): Formula =>
  (x, _, { layer }) => {
    const [, kernel] = layer as readonly [string, number];
    const own = options(layer);
    const [n, c, h, w] = x.shape;
    const [rows, columns] = [windowsOf(h, kernel, own), windowsOf(w, kernel, own)];
    const { padding = 0, countIncludePad = 1 } = own;
    return tabulate([n, c, rows.length, columns.length], (i, k, p, q) => {
      const places = indicesOf([kernel, kernel]).map(([r, s]) => [rows[p] + r, columns[q] + s]);
      const inside = places.filter(([y, z]) => y >= 0 && z >= 0 && y < h && z < w);
      const counted = places.filter(([y, z]) => y < h + padding && z < w + padding);
      return reduce(inside.map(([y, z]) => at(x, [i, k, y, z])), (countIncludePad ? counted : inside).length); // prettier-ignore
    });
  };

const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;

const adaptive: Formula = (x, _, { layer }) => {
  const [, size] = layer as readonly [string, number];
  const [n, c, h, w] = x.shape;
  const range = (extent: number, i: number) => [Math.floor((i * extent) / size), Math.ceil(((i + 1) * extent) / size)];
  return tabulate([n, c, size, size], (i, k, p, q) => {
    const [[top, bottom], [left, right]] = [range(h, p), range(w, q)];
    return mean(indicesOf([bottom - top, right - left]).map(([y, z]) => at(x, [i, k, top + y, left + z])));
  });
};

const attention: Formula = (x, variables, { layer }) => {
  const [, e, heads] = layer as readonly [string, number, number];
  const [n, t] = x.shape;
  const d = e / heads;
  const linear = (name: string, bias: string, rows: NDArray, from: number) =>
    tabulate(
      [n, t, e],
      (i, j, k) =>
        variables.get(bias)!.data[from + k] +
        total([e], (l) => at(variables.get(name)!, [from + k, l]) * at(rows, [i, j, l])),
    );
  const [q, k, v] = [0, e, 2 * e].map((from) => linear('in_proj_weight', 'in_proj_bias', x, from));
  const mixed = tabulate([n, t, e], (i, j, channel) => {
    const head = Math.floor(channel / d) * d;
    const scores = Array.from({ length: t }, (_, s) =>
      Math.exp(total([d], (l) => at(q, [i, j, head + l]) * at(k, [i, s, head + l])) / Math.sqrt(d)),
    );
    return total([t], (s) => scores[s] * at(v, [i, s, channel])) / scores.reduce((a, b) => a + b);
  });
  return linear('out_proj.weight', 'out_proj.bias', mixed, 0);
};

const FORMULAS: Readonly<Record<string, Formula>> = {
  BatchNorm2d: batchNorm,
  BatchNorm1d: batchNorm,
  InstanceNorm2d: (x, variables, { layer }) =>
    normalized(x, options(layer).eps, ([n, c]) => `${n} ${c}`, ofChannel(variables)),
  GroupNorm: (x, variables, { layer }) => {
    const [, groups, channels] = layer as readonly [string, number, number];
    return normalized(
      x,
      options(layer).eps,
      ([n, c]) => `${n} ${Math.floor(c / (channels / groups))}`,
      ofChannel(variables),
    );
  },
  LayerNorm: (x, variables, { layer }) =>
    normalized(
      x,
      options(layer).eps,
      (index) => index.slice(0, -1).join(' '),
      (index) => {
        const last = index[index.length - 1];
        return [variables.get('weight')!.data[last], variables.get('bias')!.data[last]];
      },
    ),
  MaxPool2d: pool((list) => Math.max(...list)),
  AvgPool2d: pool((list, divisor) => list.reduce((a, b) => a + b, 0) / divisor),
  AdaptiveAvgPool2d: adaptive,
  GlobalAvgPool2d: (x) =>
    tabulate(x.shape.slice(0, 2), (n, c) => mean(indicesOf(x.shape.slice(2)).map(([y, z]) => at(x, [n, c, y, z])))),
  Linear: (x, variables) => {
    const [weight, bias] = [variables.get('weight')!, variables.get('bias')!];
    return tabulate(
      [x.shape[0], weight.shape[0]],
      (n, k) => bias.data[k] + total([weight.shape[1]], (l) => at(weight, [k, l]) * at(x, [n, l])),
    );
  },
  MultiheadAttention: attention,
};

const eps = fc.constantFrom(1e-5, 1e-3, 0.1, 1);
const image = fc.record({
  n: fc.integer({ min: 2, max: 3 }),
  c: extent(3),
  h: fc.integer({ min: 3, max: 7 }),
  w: fc.integer({ min: 3, max: 7 }),
  eps,
  seed: seeds,
  mode: fc.constantFrom<Mode>('eval', 'train'),
});

const pools = fc
  .record({
    image,
    kernel: extent(3),
    stride: extent(3),
    flag: fc.boolean(),
    ceilMode: fc.boolean(),
    countIncludePad: fc.boolean(),
  })
  .map(({ image: { n, c, h, w, seed, mode }, kernel, stride, flag, ceilMode, countIncludePad }) => ({
    shape: [n, c, h, w],
    ...{
      seed,
      mode,
      kernel,
      options: { stride, padding: flag ? Math.floor(kernel / 2) : 0, ceilMode },
      countIncludePad,
    },
  }));

const layers: Law<Backend> = law<Backend, LayerCase>({
  name: 'layers by their formulas',
  statement:
    'Norms, pools, linear layers and attention compute what their documentation says, with any ε, padding and rounding.',
  share: 0.5,
  cases: {
    BatchNorm2d: image.map(({ n, c, h, w, eps: e, ...rest }) => ({
      ...rest,
      layer: ['BatchNorm2d', c, { eps: e }],
      shape: [n, c, h, w],
    })),
    BatchNorm1d: image.map(({ n, c, h, w, eps: e, ...rest }) => ({
      ...rest,
      layer: ['BatchNorm1d', c, { eps: e }],
      shape: w > 4 ? [n + 1, c] : [n, c, h],
    })),
    InstanceNorm2d: image.map(({ n, c, h, w, eps: e, ...rest }) => ({
      ...rest,
      layer: ['InstanceNorm2d', c, { eps: e, affine: true }],
      shape: [n, c, h, w],
    })),
    GroupNorm: image.map(({ n, c, h, w, eps: e, ...rest }) => ({
      ...rest,
      layer: ['GroupNorm', 2, 2 * c, { eps: e }],
      shape: [n, 2 * c, h, w],
    })),
    LayerNorm: image.map(({ n, c, w, eps: e, ...rest }) => ({
      ...rest,
      layer: ['LayerNorm', w, { eps: e }],
      shape: [n, c, w],
    })),
    MaxPool2d: pools.map(({ shape, mode, seed, kernel, options: own }) => ({
      layer: ['MaxPool2d', kernel, own],
      shape,
      mode,
      seed,
    })),
    AvgPool2d: pools.map(({ shape, mode, seed, kernel, options: own, countIncludePad }) => ({
      layer: ['AvgPool2d', kernel, { ...own, countIncludePad }],
      shape,
      mode,
      seed,
    })),
    AdaptiveAvgPool2d: image.map(({ n, c, h, w, mode, seed }) => ({
      layer: ['AdaptiveAvgPool2d', 1 + (seed % 3)],
      shape: [n, c, h, w],
      mode,
      seed,
    })),
    GlobalAvgPool2d: image.map(({ n, c, h, w, mode, seed }) => ({
      layer: ['GlobalAvgPool2d'],
      shape: [n, c, h, w],
      mode,
      seed,
    })),
    Linear: image.map(({ n, c, h, mode, seed }) => ({ layer: ['Linear', h, c], shape: [n, h], mode, seed })),
    MultiheadAttention: image.map(({ n, c, h, mode, seed }) => ({
      layer: ['MultiheadAttention', 2 * c, 1 + (seed % 2), { batchFirst: true }],
      shape: [n, h, 2 * c],
      mode,
      seed,
    })),
  },
  check: async (backend, drawn) => {
    const { layer, shape, mode, seed } = drawn;
    const network = randomize(networkFrom(layer), seed);
    const x = mapArray(draw(seed, shape), Math.fround);
    const variables = new Map([...network.namedState()].map(([name, { value }]) => [name, value] as const));
    const due = FORMULAS[layer[0]](x, variables, drawn);
    const [dtype] = backend.dtypes;
    // Sums of at most 150 numbers of size 2, divided by deviations of at least √10⁻⁵ only where they spread as little: a
    // channel of few values that lie together multiplies its roundings by its mean over its deviation, 10³ at the most.
    const bound = 200 * UNIT[dtype] * 4 * Math.max(4, largest(due)) * (layer[0].includes('Norm') ? 20 : 1);
    return [nearArrays(layer[0], await forward(network, x, { mode, backend, dtype }), due, bound)];
  },
  source: dataSource,
});

const running: Law<Backend> = law({
  name: 'running statistics',
  statement:
    'A batch moves running means and unbiased variances by the momentum; recalibration replaces them by the means over batches.',
  share: 0.3,
  cases: {
    layers: fc.record({
      n: fc.integer({ min: 2, max: 4 }),
      c: extent(3),
      momentum: fc.constantFrom(0.1, 0.3, 0.9),
      given: fc.boolean(),
      seed: seeds,
    }),
  },
  check: async (_, { n, c, momentum, given, seed }) => {
    const layer: NetworkDescription = ['BatchNorm2d', c, { momentum }];
    const network = () => randomize(networkFrom(layer), seed);
    const batches = [0, 1, 2].map((k) => ({ images: draw(seed + k, [n, c, 2, 3]) }));
    const seen = batches.map(({ images }) =>
      Array.from({ length: c }, (__, k) => {
        const list = indicesOf([n, 2, 3]).map(([i, y, z]) => at(images, [i, k, y, z]));
        const { mean: m, variance } = momentsOf(list);
        return { mean: m, variance: (variance * list.length) / (list.length - 1) };
      }),
    );
    const updated = network();
    const rate = given ? 0.5 : momentum;
    await updateRunningStatistics(updated, batches[0], { dtype: 'float64', ...(given && { momentum: 0.5 }) });
    const recalibrated = network();
    await recalibrateBatchNorm(recalibrated, batches, 2, { dtype: 'float64' });
    const found: Measured[] = [];
    const [before, after, anew] = [network(), updated, recalibrated].map((each) => each.namedBuffers());
    for (const [name, of] of [
      ['running_mean', 'mean'],
      ['running_var', 'variance'],
    ] as const) {
      for (let k = 0; k < c; k++) {
        const due = (1 - rate) * before.get(name)!.value.data[k] + rate * seen[0][k][of];
        found.push(near(`${name} of channel ${k}`, after.get(name)!.value.data[k], due, 1e-13));
        found.push(
          near(
            `${name} of channel ${k}, recalibrated`,
            anew.get(name)!.value.data[k],
            (seen[0][k][of] + seen[1][k][of]) / 2,
            1e-13,
          ),
        );
      }
    }
    return found;
  },
  source: dataSource,
});

/** Laws of layers. */
export const layerLaws: readonly Law<Backend>[] = [layers, running];
