import { type Mutant, mutantsOf } from './mutant.ts';

const FOLDER = 'src/tensor/backends/gpu';
const of = (file: string, ...tests: string[]) =>
  ({
    file: `${FOLDER}/${file}.ts`,
    tests: [...tests, 'test/gpu/laws.test.ts'],
    backend: 'gpu',
  }) as const;

const LONG = 'test/gpu/loops.test.ts';

/** Kernels of graphics devices. */
export const gpuMutants: readonly Mutant[] = [
  ...mutantsOf(of('kernels/pooling'), [
    {
      name: 'gpu/the last of equal maxima wins',
      text: '${value} > ${most} ||',
      becomes: '${value} >= ${most} ||',
    },
    {
      name: 'gpu/a maximum loses NaN',
      text: ' || (!(${value} == ${value}) && ${most} == ${most})`',
      becomes: '`',
    },
    {
      name: 'gpu/shares of an average pool are the windows’ sums',
      text: '    const values = k.texel(0, k.t);\n    return lanes((lane) => k.value(`${values[lane]} / ${count[lane]}`));',
      becomes:
        '    const values = k.texel(0, k.t);\n    return lanes((lane) => k.value(`${values[lane]} / (${count[lane]} * 0.0 + ${kernel[0] * kernel[1]})`));',
    },
    {
      name: 'gpu/padding that counts before counts after',
      text: 'Math.min(${first} + ${kernel[along]}, ${size + high})',
      becomes: 'Math.min(${first} + ${kernel[along]}, ${size + low + 0 * high})',
    },
  ]),
  ...mutantsOf(of('kernels/indexing'), [
    {
      name: 'gpu/a pixel has too few windows where the stride does not divide the kernel',
      text: 'Math.ceil(extent / pool.stride[i])',
      becomes: 'Math.max(1, Math.floor(extent / pool.stride[i]))',
    },
    {
      name: 'gpu/the first window of a pixel comes a stride late',
      text: 'before(padding)[d] - kernel[d] + stride[d]',
      becomes: 'before(padding)[d] - kernel[d] + 2 * stride[d]',
    },
    {
      name: 'gpu/positions are rounded',
      text: 'Math.floor(Math.min(${index}, ${positions - 1}))',
      becomes: 'Math.floor(Math.min(${index} + 0.5, ${positions - 1}))',
    },
  ]),
  ...mutantsOf(of('kernels/normalization', LONG), [
    {
      name: 'gpu/batch norm without the shift of its center',
      text: '(${a} - ${c} - ${d}) * ${s}',
      becomes: '(${a} - ${c} - 0.0 * ${d}) * ${s}',
    },
    {
      name: 'gpu/the variance without the shift of its center',
      text: '${sum} / ${count} - ${s} * ${s}, 0.0',
      becomes: '${sum} / ${count} - 0.0 * ${s}, 0.0',
    },
    {
      name: 'gpu/partial sums lose their last part',
      text: 'k.loop(parts, (i) => {',
      becomes: 'k.loop(Math.max(1, parts - 1), (i) => {',
    },
    {
      name: 'gpu/batch norm with a detached variance',
      text: '${f} * (${a[lane]} - ${m} - ${b[lane]} * ${q})',
      becomes: '${f} * (${a[lane]} - ${m} - 0.0 * ${b[lane]} * ${q})',
    },
  ]),
  ...mutantsOf(of('kernels/convolution', LONG), [
    {
      name: 'gpu/an input gradient reads weights that are not turned round',
      text: 'strides: [inputs * d * r * s, r * s, d * r * s, -s, -1]',
      becomes: 'strides: [inputs * d * r * s, r * s, d * r * s, -s, 1]',
    },
    {
      name: 'gpu/an input gradient is dilated by the other dimension',
      text: 'before: [dilation[0] * (r - 1) - top, dilation[1] * (s - 1) - left]',
      becomes: 'before: [dilation[0] * (r - 1) - top, dilation[0] * (s - 1) - left]',
    },
  ]),
  ...mutantsOf(of('joining', 'test/gpu/joining.test.ts'), [
    {
      name: 'gpu/a kernel is joined with one that it needs',
      text: 'Math.max(after + 1, result.length - WINDOW)',
      becomes: 'Math.max(after, result.length - WINDOW)',
    },
    {
      name: 'gpu/a joined kernel reads the arrays of the first',
      text: 'operandName(reads.indexOf(ids[Number(number)]))',
      becomes: 'operandName(Number(number))',
    },
  ]),
];
