import { type Mutant, mutantsOf } from './mutant.ts';

const KERNELS = 'src/tensor/backends/reference/kernels';
const TESTS = ['test/tensor/oracle.test.ts', 'test/tensor/torch.test.ts', 'test/testing/laws.test.ts'];
const of = (file: string, ...tests: string[]) =>
  ({ file: `${KERNELS}/${file}.ts`, tests: [...tests, ...TESTS], backend: 'reference' }) as const;

/** The plain loops that define every primitive, and the scalar expressions that all backends compute. */
export const referenceMutants: readonly Mutant[] = [
  ...mutantsOf(of('convolution'), [
    {
      name: 'reference/the first window of a strided convolution is left out',
      text: 'Math.max(0, Math.ceil(-shift / stride))',
      becomes: 'Math.max(0, Math.floor(-shift / stride) + 1)',
    },
    {
      name: 'reference/the last window is left out',
      text: 'Math.floor((size - 1 - shift) / stride) + 1)',
      becomes: 'Math.ceil((size - 1 - shift) / stride))',
    },
    {
      name: 'reference/dilation of the other dimension',
      text: 'tap * a.dilation[along]',
      becomes: 'tap * a.dilation[1 - along]',
    },
    {
      name: 'reference/groups all read the first channels',
      text: 'Math.floor(k / kernelsPerGroup) * g.d',
      becomes: '0 * kernelsPerGroup * g.d',
    },
  ]),
  ...mutantsOf(of('pooling'), [
    {
      name: 'reference/the last of equal maxima wins',
      text: 'x[candidate] > x[best] ||',
      becomes: 'x[candidate] >= x[best] ||',
    },
    {
      name: 'reference/a maximum loses NaN',
      text: ' || (Number.isNaN(x[candidate]) && !Number.isNaN(x[best]))) best',
      becomes: ') best',
    },
    {
      name: 'reference/averages count padding that does not',
      text: 'windowAt(Math.floor(i / q), i % q, input, attributes, attributes.counted)',
      becomes: 'windowAt(Math.floor(i / q), i % q, input, attributes, attributes.padding)',
    },
  ]),
  ...mutantsOf(of('normalization', 'test/tensor/float32.test.ts'), [
    {
      name: 'reference/the variance of batch norm is unbiased',
      text: '(x[i] - center) ** 2) / count - shift ** 2)',
      becomes: '(x[i] - center) ** 2) / (count - 1) - shift ** 2)',
    },
    {
      name: 'reference/epsilon is added to the deviation',
      text: 'inverse: 1 / Math.sqrt(variance + epsilon)',
      becomes: 'inverse: 1 / (Math.sqrt(variance) + epsilon)',
    },
    {
      name: 'reference/batch norm without the shift of its center',
      text: '(x[i] - center - shift) * inverse',
      becomes: '(x[i] - center) * inverse',
    },
    {
      name: 'reference/batch norm with detached statistics',
      text: 's[c] * (g[i] - meanG - y[i] * meanGY)',
      becomes: 's[c] * (g[i] - 0 * (meanG - y[i] * meanGY))',
    },
    {
      name: 'reference/batch norm with a detached variance',
      text: 's[c] * (g[i] - meanG - y[i] * meanGY)',
      becomes: 's[c] * (g[i] - meanG - 0 * y[i] * meanGY)',
    },
  ]),
  ...mutantsOf(of('product'), [
    {
      name: 'reference/b transposed has the steps of a',
      text: 'transposeB ? [1, shapeB[1]] : [n, 1]',
      becomes: 'transposeB ? [1, n] : [n, 1]',
    },
    {
      name: 'reference/Gram matrices of two factors of one size are taken for symmetric',
      text: 'a.buffer === b.buffer && a.byteOffset === b.byteOffset && n === m',
      becomes: 'a.byteOffset === b.byteOffset && n === m',
    },
  ]),
  ...mutantsOf(of('reduction'), [
    {
      name: 'reference/sums are accumulated in the precision of the result',
      text: 'const total = new Float64Array(sizeOf(output.shape));',
      becomes: 'const total = output.data.fill(0).map((_, i) => i * sizeOf([0]));',
      tests: ['test/tensor/float32.test.ts', 'test/tensor/elementwise.test.ts'],
    },
    {
      name: 'reference/a maximum begins at 0',
      text: 'data.fill(-Infinity);',
      becomes: 'data.fill(0);',
    },
  ]),
  ...mutantsOf(of('indexing'), [
    {
      name: 'reference/positions beyond the end are one too far',
      text: 'Math.min(Math.trunc(index), positions - 1)',
      becomes: 'Math.min(Math.trunc(index), positions)',
    },
    {
      name: 'reference/what is scattered to one place replaces what was there',
      text: 'sum[to + j] += gy[i * inner + j]',
      becomes: 'sum[to + j] = gy[i * inner + j]',
    },
  ]),
  ...mutantsOf(
    {
      file: 'src/tensor/primitives/elementwise/activations.ts',
      tests: ['test/tensor/elementwise.test.ts', 'test/tensor/elementwise-torch.test.ts'],
    },
    [
      {
        name: 'reference/ReLU makes NaN 0',
        text: 's.select(s.lessEqual(x, 0), 0, x), zero)',
        becomes: 's.select(s.less(0, x), x, 0), zero)',
      },
      {
        name: 'reference/the slope of ReLU at 0 is 1',
        text: 's.select(s.lessEqual(x, 0), 0, g), zero)',
        becomes: 's.select(s.less(x, 0), 0, g), zero)',
      },
      {
        name: 'reference/the slope of ReLU at NaN is 0',
        text: 's.select(s.lessEqual(x, 0), 0, g), zero)',
        becomes: 's.select(s.less(0, x), g, 0), zero)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'src/tensor/backends/reference/operations.ts',
      tests: ['test/tensor/elementwise.test.ts', 'test/tensor/elementwise-torch.test.ts'],
    },
    [
      {
        name: 'reference/the sign of −0 is lost',
        text: 'b[i] < 0 || Object.is(b[i], -0) ? -size : size',
        becomes: 'b[i] < 0 ? -size : size',
      },
      {
        name: 'reference/what is selected by a number below 0 is the other',
        text: 'condition[i] !== 0 ? a[i] : b[i]',
        becomes: 'condition[i] > 0 ? a[i] : b[i]',
      },
    ],
  ),
  ...mutantsOf({ file: 'src/tensor/vmap.ts', tests: ['test/tensor/vmap.test.ts'] }, [
    {
      name: 'reference/vmap meets B with leading dimensions of others',
      text: 'withSingles(replacement, operand.shape, most - leading[i])',
      becomes: 'withSingles(replacement, operand.shape, 0 * (most - leading[i]))',
    },
  ]),
];
