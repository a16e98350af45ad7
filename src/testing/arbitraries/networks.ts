import fc from 'fast-check';
import { formatGenotype, type Mode, NAS_BENCH_201_SPACE } from '../../nn/index.ts';
import type { Argument, NetworkDescription } from '../networks/description.ts';
import { extent, seeds } from './shapes.ts';

/** A network, weights, a batch and a mode: everything that a kernel is a function of. */
export interface NetworkCase {
  readonly network: NetworkDescription;
  /** The shape of the batch, samples first. */
  readonly shape: readonly number[];
  readonly mode: Mode;
  /** Of weights and batch. */
  readonly seed: number;
}

type Parts = readonly Argument[];

/** What is drawn for one step of a network; what it becomes depends on the shape that it meets. */
interface Block {
  readonly kind: (typeof KINDS)[number];
  readonly width: number;
  readonly choice: number;
  readonly flag: boolean;
}

/** From the simplest, which failing cases shrink to. */
const KINDS = [
  ...['nothing', 'activation', 'convolution', 'norm', 'residual', 'pool', 'branches'],
  ...['group norm', 'concatenation', 'repeat', 'transposed', 'upsample', 'product'],
] as const;

const blocks: fc.Arbitrary<Block> = fc.record({
  // By number: a choice among constants shrinks to the first alone.
  kind: fc.nat(KINDS.length - 1).map((i) => KINDS[i]),
  width: extent(3),
  choice: fc.nat(11),
  flag: fc.boolean(),
});

const modes: fc.Arbitrary<Mode> = fc.constantFrom('eval', 'train');

const ACTIVATIONS: readonly NetworkDescription[] = [
  ...([['ReLU'], ['Tanh'], ['ReLU'], ['GELU'], ['SiLU'], ['ReLU']] as const),
  ...([['Softplus'], ['ELU', 0.7], ['Sigmoid'], ['LeakyReLU', 0.1], ['Mish'], ['Hardswish']] as const),
];

const activation = (choice: number): Parts => ACTIVATIONS[choice % ACTIVATIONS.length];

/** ε of all sizes, so that one that is not passed on shows. */
const EPSILONS = [1e-5, 0.1, 1e-3, 0.5];

type Image = readonly [channels: number, height: number, width: number];

/** A step of an image network, and the shape after it; nothing where the step does not fit. */
function stepOf({ kind, width, choice, flag }: Block, [c, h, w]: Image): readonly [Parts, Image] | undefined {
  const same: Image = [c, h, w];
  const eps = EPSILONS[choice % EPSILONS.length];
  const least = Math.min(h, w);
  switch (kind) {
    case 'nothing':
      return undefined;
    case 'activation':
      return [activation(choice), same];
    case 'convolution': {
      const kernel = least >= 3 ? [3, 1, 2][choice % 3] : 1;
      const padding = kernel === 3 && flag ? 1 : 0;
      const stride = least >= 4 && choice % 4 === 3 ? 2 : 1;
      const groups = c === width && choice % 5 === 4 ? c : 1;
      const size = (extent: number) => Math.floor((extent + 2 * padding - kernel) / stride) + 1;
      const options = { padding, stride, groups, bias: choice % 2 === 0 };
      return [
        ['Conv2d', c, width, kernel, options],
        [width, size(h), size(w)],
      ];
    }
    case 'norm':
      return [['BatchNorm2d', c, { eps }], same];
    case 'group norm':
      if (h * w < 2) return undefined;
      return [flag ? ['GroupNorm', 1, c, { eps }] : ['InstanceNorm2d', c, { eps, affine: true }], same];
    case 'residual': {
      const inner: Parts = ['Sequential', ['Conv2d', c, c, 3, { padding: 1, bias: flag }], activation(choice)];
      return [['Add', ['Identity'], inner], same];
    }
    case 'branches': {
      const first: Parts = ['Conv2d', c, width, 1];
      const second: Parts = ['Sequential', ['Conv2d', c, width, 3, { padding: 1 }], ['BatchNorm2d', width, { eps }]];
      return [
        ['Add', first, second],
        [width, h, w],
      ];
    }
    case 'concatenation':
      return [
        ['Concatenate', ['Conv2d', c, width, 1], activation(choice)],
        [width + c, h, w],
      ];
    case 'repeat':
      return [['Repeat', 2, ['Sequential', ['Conv2d', c, c, 3, { padding: 1 }], ['Tanh']]], same];
    case 'product':
      return [['Multiply', ['Identity'], ['Sequential', ['Conv2d', c, c, 1], ['Sigmoid']]], same];
    case 'transposed':
      if (least > 5) return undefined;
      return [
        ['ConvTranspose2d', c, width, 2, { stride: 1 }],
        [width, h + 1, w + 1],
      ];
    case 'upsample':
      if (least > 3) return undefined;
      return [
        ['Upsample', { scaleFactor: 2 }],
        [c, 2 * h, 2 * w],
      ];
    case 'pool': {
      if (least < 3) return undefined;
      const size = (extent: number) => Math.floor((extent - 2) / 2) + 1;
      if (flag)
        return [
          ['MaxPool2d', 2],
          [c, size(h), size(w)],
        ];
      if (choice % 2 === 0)
        return [
          ['AvgPool2d', 2],
          [c, size(h), size(w)],
        ];
      return [['AvgPool2d', 3, { stride: 1, padding: 1, countIncludePad: choice % 4 === 1 }], same];
    }
  }
}

/** Convolutional networks with norms, pools, residuals, branches and shared layers, on images of up to 7×7 pixels. */
export const imageNetworks: fc.Arbitrary<NetworkCase> = fc
  .record({
    steps: fc.array(blocks, { minLength: 1, maxLength: 5 }),
    image: fc.tuple(extent(3), fc.integer({ min: 3, max: 7 }), fc.integer({ min: 3, max: 7 })),
    samples: fc.integer({ min: 2, max: 4 }),
    outputs: extent(3),
    pooled: fc.boolean(),
    mode: modes,
    seed: seeds,
  })
  .map(({ steps, image, samples, outputs, pooled, mode, seed }) => {
    const layers: Parts[] = [];
    let shape: Image = image;
    for (const block of steps) {
      const step = stepOf(block, shape);
      if (step === undefined) continue;
      layers.push(step[0]);
      shape = step[1];
    }
    const [c, h, w] = shape;
    const head: Parts[] = pooled
      ? [['GlobalAvgPool2d'], ['Linear', c, outputs]]
      : [['Flatten'], ['Linear', c * h * w, outputs]];
    return { network: ['Sequential', ...layers, ...head], shape: [samples, ...image], mode, seed };
  });

/** Networks of vectors: linear layers, batch or layer norms, smooth and bent activations. */
export const vectorNetworks: fc.Arbitrary<NetworkCase> = fc
  .record({
    widths: fc.array(extent(5), { minLength: 1, maxLength: 4 }),
    norm: fc.constantFrom('none', 'LayerNorm', 'BatchNorm1d'),
    choice: fc.nat(11),
    samples: fc.integer({ min: 2, max: 5 }),
    mode: modes,
    seed: seeds,
  })
  .map(({ widths, norm, choice, samples, mode, seed }) => {
    const layers = widths.slice(1).flatMap((width, i): Parts[] => {
      const normalized: Parts[] = norm === 'none' || width < 2 ? [] : [[norm, width, { eps: EPSILONS[choice % 4] }]];
      return [['Linear', widths[i], width, { bias: i % 2 === 0 }], ...normalized, activation(choice + i)];
    });
    const head: Parts = ['Linear', widths[widths.length - 1], 2];
    return { network: ['Sequential', ...layers, head], shape: [samples, widths[0]], mode, seed };
  });

/** Networks of sequences: self-attention with its norms and residuals. */
export const sequenceNetworks: fc.Arbitrary<NetworkCase> = fc
  .record({
    heads: extent(2),
    width: extent(2),
    length: extent(3),
    samples: fc.integer({ min: 2, max: 3 }),
    mode: modes,
    seed: seeds,
  })
  .map(({ heads, width, length, samples, mode, seed }) => {
    const e = 2 * heads * width;
    const attention: Parts = ['Sequential', ['LayerNorm', e], ['MultiheadAttention', e, heads, { batchFirst: true }]];
    const mlp: Parts = ['Sequential', ['LayerNorm', e], ['Linear', e, e], ['GELU'], ['Linear', e, e]];
    const network: NetworkDescription = [
      'Sequential',
      ...[['Add', ['Identity'], attention] as Parts, ['Add', ['Identity'], mlp] as Parts],
      ...[['Flatten'] as Parts, ['Linear', length * e, 2] as Parts],
    ];
    return { network, shape: [samples, length, e], mode, seed };
  });

const edges = fc.array(fc.constantFrom(...NAS_BENCH_201_SPACE), { minLength: 6, maxLength: 6 });

/** Cells of NAS-Bench-201, as architecture strings. */
export const cells: fc.Arbitrary<string> = edges.map(([a, b, c, d, e, f]) => formatGenotype([[a], [b, c], [d, e, f]]));

const TINY = { channels: 2, cells: 1, classes: 2, depth: -1, useStem: true };
const DARTS = { ...TINY, channels: 1, depth: 2, stemMultiplier: 1, steps: 2, multiplier: 2 };

/** Small networks of random cells, and supernets of NAS-Bench-201 and DARTS. */
export const cellNetworks: fc.Arbitrary<NetworkCase> = fc
  .record({
    network: fc.oneof(
      { weight: 3, arbitrary: cells.map((cell): NetworkDescription => ['NasBench201', cell, TINY]) },
      {
        weight: 1,
        arbitrary: fc.constant<NetworkDescription>(['NasBench201Supernet', { ...TINY, channels: 3, depth: 2 }]),
      },
      { weight: 1, arbitrary: fc.constant<NetworkDescription>(['Darts', DARTS]) },
    ),
    mode: modes,
    seed: seeds,
  })
  .map(({ network, mode, seed }) => ({ network, shape: [2, 3, 6, 6], mode, seed }));

/** Networks of all kinds. */
export const networks: Readonly<Record<string, fc.Arbitrary<NetworkCase>>> = {
  images: imageNetworks,
  vectors: vectorNetworks,
  sequences: sequenceNetworks,
  cells: cellNetworks,
};
