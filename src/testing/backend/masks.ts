import fc from 'fast-check';
import { add, apply, type Backend, constant, evaluate, type Shape } from '../../tensor/index.ts';
import { anywhere, draw } from '../arrays.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';
import { law, type Law, type Measured } from '../law.ts';
import { literal } from '../source.ts';
import { UNIT } from './values.ts';

interface MaskCase {
  readonly kernel: number;
  readonly stride: number;
  /** Of the input, and of the gradient. */
  readonly channels: readonly [number, number];
  readonly size: readonly [number, number];
  /** Whether another gradient is added after the mask. */
  readonly adds: boolean;
  readonly seed: number;
}

/** By kernels of backends: direct, with a stride, and by minimal filtering. */
const KINDS: Readonly<Record<string, Pick<MaskCase, 'kernel' | 'stride' | 'channels'>>> = {
  '1×1': { kernel: 1, stride: 1, channels: [3, 5] },
  '3×3': { kernel: 3, stride: 1, channels: [2, 3] },
  '3×3 of many channels': { kernel: 3, stride: 1, channels: [16, 16] },
  '3×3 of stride 2': { kernel: 3, stride: 2, channels: [3, 5] },
  '3×3 of stride 3': { kernel: 3, stride: 3, channels: [3, 5] },
};

/** −1, −0, 0 and 1, more than half of them zeros. */
const withZeros = (seed: number, shape: Shape) =>
  draw(seed, shape, (generator, size) => anywhere(generator, size).map((x) => Math.round(x * 0.74)));

async function compare(backend: Backend, drawn: MaskCase): Promise<Measured[]> {
  const { kernel, stride, size, adds, seed } = drawn;
  const [dtype] = backend.dtypes;
  const [c, k] = drawn.channels;
  const padding = (kernel - 1) / 2;
  const outputs = size.map((extent) => Math.floor((extent - 1) / stride) + 1);
  const single = (from: number, shape: Shape) => constant(draw(from, shape, undefined, dtype));
  const plain = apply(
    'convolutionInputGradient',
    [single(seed, [2, k, ...outputs]), single(seed + 1, [k, c, kernel, kernel])],
    {
      ...{ stride: [stride, stride], dilation: [1, 1], groups: 1, inputSize: size },
      padding: [[padding, padding], [padding, padding]], // prettier-ignore
    },
  );
  const mask = withZeros(seed + 2, [2, c, ...size]);
  const masked = apply(
    'reluGradient',
    [plain, constant({ ...mask, dtype, data: dtype === 'float32' ? Float32Array.from(mask.data) : mask.data })],
    {},
  );
  const other = draw(seed + 3, mask.shape, undefined, dtype);
  const [got] = await evaluate([adds ? add(masked, constant(other)) : masked], new Map(), backend);
  const [whole] = await evaluate([plain], new Map(), backend);
  // The same sums of k·R·S products of numbers up to 2, by two kernels; a sum with another number is rounded once.
  const terms = k * kernel * kernel;
  const bound = UNIT[dtype] * (2 * 4 * (terms + 16) * Math.sqrt(terms) + 2 * 4 * terms);
  return Array.from(got.data, (value, i) => {
    const passes = mask.data[i] > 0;
    const due = (passes ? whole.data[i] : 0) + (adds ? other.data[i] : 0);
    return {
      what: `element ${i}, ${passes ? 'where the mask lets pass' : 'where it does not'}`,
      error: Math.abs(value - due),
      bound: passes ? bound : 0,
    };
  });
}

/** Gradients through ReLUs, which backends take as they store what comes before. */
export const masks: Law<Backend> = law<Backend, MaskCase>({
  name: 'gradients through a mask',
  statement:
    "An input gradient is 0 where a ReLU's input was 0, −0 or less, and itself elsewhere, whichever kernel computes it.",
  cases: Object.fromEntries(
    Object.entries(KINDS).map(([name, kind]) => [
      name,
      fc
        .record({ size: fc.tuple(extent(19, 4), extent(19, 4)), adds: fc.boolean(), seed: seeds })
        .map((drawn) => ({ ...kind, ...drawn })),
    ]),
  ),
  share: 0.4,
  check: compare,
  source: (drawn) => ({ imports: {}, expression: literal(drawn) }),
});
