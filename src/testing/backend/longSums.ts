import {
  apply,
  averagePool,
  broadcastTo,
  channelInnerProduct,
  channelSum,
  constant,
  convolution,
  evaluate,
  globalAveragePool,
  type Backend,
  inverseDeviation,
  matmul,
  max,
  maxPool,
  mean,
  ndarray,
  type Shape,
  sizeOf,
  standardize,
  standardizeGradient,
  sum,
  type Tensor,
} from '../../tensor/index.ts';

// Every kernel with a loop, over more terms than 65,535: some graphics stacks end longer loops in silence, and float32 sums
// of more than 2²⁴ ones stand still. All terms are small integers, so that float32 sums are exact.

const fill = (shape: Shape, of: (i: number) => number = () => 1): Tensor =>
  constant(
    ndarray(
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => of(i)),
      shape,
      'float32',
    ),
  );

/** 0, 1, 2 in turn. */
const cycle = (i: number) => i % 3;
const plusMinus = (i: number) => (i % 2 === 0 ? 1 : -1);

const sides = [
  [0, 0],
  [0, 0],
] as const;
const plain = { stride: [1, 1], padding: sides, dilation: [1, 1], groups: 1 } as const;

const cases: readonly [name: string, expression: () => Tensor, expected: readonly number[]][] = [
  ['a sum of 10⁶ ones', () => sum(fill([1_000_000])), [1_000_000]],
  ['rows of 20,000', () => sum(fill([4, 20_000]), [1]), [20_000, 20_000, 20_000, 20_000]],
  ['columns of 20,000', () => sum(fill([20_000, 5], (i) => i % 5), [0]), [0, 20_000, 40_000, 60_000, 80_000]],
  ['sums over two dimensions', () => sum(fill([150, 3, 157], cycle), [0, 2]), [23_400, 23_550, 23_700]],
  ['a sum of 300,007', () => sum(fill([300_007], cycle)), [300_006]],
  ['a mean', () => mean(fill([2, 131_072], (i) => (i < 131_072 ? 3 : 5)), [1]), [3, 5]],
  ['a maximum', () => max(fill([3, 100_000], (i) => (i === 99_999 ? 7 : i === 199_000 ? 8 : -2)), [1]), [7, 8, -2]],
  ['a global average pool', () => globalAveragePool(fill([1, 4, 160, 160])), [1, 1, 1, 1]],
  ['inner products of channels', () => channelInnerProduct(fill([2, 2, 1, 140_001]), fill([2, 2, 1, 140_001])), [280_002, 280_002]],
  ['sums of channels over samples', () => channelSum(fill([70_000, 2, 1, 1])), [70_000, 70_000]],
  ['sums of channels over whole texels', () => channelSum(fill([1, 2, 700, 700])), [490_000, 490_000]],
  ['the deviation of a channel', () => inverseDeviation(fill([1, 1, 1, 280_002], plusMinus), 3), [0.5]],
  ['a standardised channel', () => mean(standardize(fill([1, 2, 500, 560], plusMinus), 3), [0, 1, 2, 3]), [0]],
  [
    'the gradient of one',
    () => max(standardizeGradient(fill([1, 1, 500, 560], (i) => 2 + plusMinus(i)), fill([1, 1, 500, 560], plusMinus), fill([1]))),
    [0],
  ],
  ['a product of depth 100,000', () => matmul(fill([1, 100_000], cycle), fill([100_000, 2])), [99_999, 99_999]],
  ['products of depth 300,001', () => matmul(fill([2, 3, 300_001]), fill([2, 2, 300_001]), { transposeB: true }), Array<number>(12).fill(300_001)],
  ['a convolution of 70,000 channels', () => convolution(fill([1, 70_000, 1, 5]), fill([2, 70_000, 1, 2])), Array<number>(8).fill(140_000)],
  [
    'an input gradient of 70,000 channels',
    () => apply('convolutionInputGradient', [fill([1, 70_000, 1, 1]), fill([70_000, 1, 1, 3])], { ...plain, inputSize: [1, 3] }),
    [70_000, 70_000, 70_000],
  ],
  ['a convolution of a column', () => convolution(fill([1, 1, 40_000, 4]), fill([1, 1, 39_999, 1])), Array<number>(8).fill(39_999)],
  [
    'a weight gradient over a plane',
    () => apply('convolutionWeightGradient', [fill([1, 1, 500, 400]), fill([1, 3, 500, 400])], { ...plain, kernelSize: [1, 1] }),
    [200_000, 200_000, 200_000],
  ],
  [
    'a weight gradient over a row',
    () => apply('convolutionWeightGradient', [fill([1, 1, 1, 300_002]), fill([1, 2, 1, 300_000])], { ...plain, kernelSize: [1, 3] }),
    Array<number>(6).fill(300_000),
  ],
  [
    'a weight gradient over samples',
    () => apply('convolutionWeightGradient', [fill([40_000, 1, 1, 4]), fill([40_000, 1, 1, 4])], { ...plain, kernelSize: [1, 1] }),
    [160_000],
  ],
  ['an average of tall windows', () => averagePool(fill([70_001, 2]), [70_000, 1], { stride: 1 }), [1, 1, 1, 1]],
  ['a maximum of large windows', () => maxPool(fill([200, 160], (i) => (i === 31_000 ? 9 : -i)), [199, 160], { stride: 1 }), [9, 9]],
  [
    'pixels added up at one position',
    () => apply('scatter', [fill([70_000]), fill([70_000], () => 1)], { size: [3], indexRank: 1, innerRank: 0 }),
    [0, 70_000, 0],
  ],
]; // prettier-ignore

/** What a backend gives for a sum, beside what is expected. */
type LongSum = (backend: Backend) => Promise<{ readonly got: readonly number[]; readonly expected: readonly number[] }>;

/** Long sums by what they are of. */
export const longSums: Readonly<Record<string, LongSum>> = Object.fromEntries(
  cases.map(([name, expression, expected]): [string, LongSum] => [
    name,
    async (backend) => {
      const [{ data }] = await evaluate([expression()], new Map(), backend);
      return { got: [...data], expected };
    },
  ]),
);

const MOST = 2 ** 24;
const ONES = 100_000;

/** A sum of 2²⁴ and 100,000 ones, each of which float32 loses, and how far it may be off where sums are float64. */
export interface WideSum {
  readonly what: string;
  readonly got: number;
  readonly rounding: number;
}

/** What is due: 2²⁴ + 100,000. */
export const WIDE_SUM = MOST + ONES;

/** Along a row, down a column, and over the samples of a batch: of values, of products, and of batch norm's gradient. */
export async function wideSums(backend: Backend): Promise<WideSum[]> {
  const count = ONES + 1;
  const terms = new Float32Array(count).fill(1);
  terms[0] = MOST;
  const of = (shape: Shape) => constant(ndarray(terms, shape, 'float32'));
  const samples = of([count, 1, 1, 1]);
  const ones = fill([count, 1, 1, 1]);
  const zeros = fill([count, 1, 1, 1], () => 0);
  const outputs = {
    'a row': sum(of([1, count]), [1]),
    'a column': sum(of([count, 1]), [0]),
    'a column beside others': sum(broadcastTo(of([count, 1]), [count, 3]), [0]),
    'a channel over samples': channelSum(samples),
    'inner products of a channel over samples': channelInnerProduct(samples, ones),
    // g − mean(g), where y is 0; from its last element, which is a one, follows the sum.
    "the mean of batch norm's gradient": standardizeGradient(samples, zeros, fill([1])),
  };
  const results = await evaluate(Object.values(outputs), new Map(), backend);
  return Object.keys(outputs).map((what, k) => {
    const { data } = results[k];
    if (data.length < count) return { what, got: data[0], rounding: 0 };
    // The mean is 169, of which a unit in the last place is 2⁻¹⁶, rounded three times.
    return { what, got: (1 - data[data.length - 1]) * count, rounding: 3 * 2 ** -16 * count };
  });
}
