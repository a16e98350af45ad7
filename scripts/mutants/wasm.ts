import { type Mutant, mutantsOf } from './mutant.ts';

const FOLDER = 'src/tensor/backends/wasm';
const of = (file: string, ...tests: string[]) =>
  ({
    file: `${FOLDER}/${file}.ts`,
    tests: [...tests, 'test/testing/laws.test.ts'],
    backend: 'wasm',
  }) as const;

const MASK = 'test/tensor/wasm-mask.test.ts';
const WIDE = 'test/tensor/wasm-float64.test.ts';

/** Kernels in AssemblyScript, and the lowering of plans to them. */
export const wasmMutants: readonly Mutant[] = [
  ...mutantsOf(of('assembly/normalization'), [
    {
      name: 'wasm/the variance without the shift of its center',
      text: ' / count - shift * shift)',
      becomes: ' / count)',
    },
    {
      name: 'wasm/batch norm without the shift of its center',
      text: 'centered(out + at, x + at, center, <Real>shift, <Real>inverse, pixels)',
      becomes: 'centered(out + at, x + at, center, 0, <Real>inverse, pixels)',
    },
    {
      name: 'wasm/pixels after the last vector keep the shift',
      text: 'store<Real>(out, (load<Real>(x) - center - shift) * scale)',
      becomes: 'store<Real>(out, (load<Real>(x) - center) * scale)',
    },
    {
      name: 'wasm/sums of distances begin at 0',
      text: 'const start = load<Real>(first);',
      becomes: 'const start: Real = 0 * load<Real>(first);',
    },
    {
      name: 'wasm/the center is the first value',
      text: 'const center = <Real>(start + sum / count);',
      becomes: 'const center = <Real>(start + 0 * sum / count);',
    },
    {
      name: 'wasm/the gradient of batch norm without the mean',
      text: 'const shift = <Real>((-scale * sum) / count);',
      becomes: 'const shift: Real = <Real>(0 * sum);',
    },
    {
      name: 'wasm/the gradient of a scale is that of the first row',
      text: 'products + ((r * c + k) << SHIFT)',
      becomes: 'products + (k << SHIFT)',
      tests: ['test/tensor/wasm-fuse.test.ts'],
    },
    {
      name: 'wasm/batch norm counts one sample',
      text: 'const count = <f64>n * pixels;\n  for (let k = 0; k < channels; k++) {',
      becomes: 'const count = <f64>pixels;\n  for (let k = 0; k < channels; k++) {',
    },
  ]),
  ...mutantsOf(of('assembly/pooling'), [
    {
      name: 'wasm/the last of equal maxima wins',
      text: 'candidate > value ||',
      becomes: 'candidate >= value ||',
    },
    {
      name: 'wasm/a maximum loses NaN',
      text: ' || (isNaN(candidate) && !isNaN(value))) {',
      becomes: ') {',
    },
    {
      name: 'wasm/windows that overlap replace what is there',
      text: 'store<Real>(to, load<Real>(to) + share);',
      becomes: 'store<Real>(to, share);',
    },
    {
      name: 'wasm/shares of windows side by side by the height alone',
      text: '<Real>1 / <Real>(t.kernelH * kernelW)',
      becomes: '<Real>1 / <Real>(t.kernelH * t.kernelH)',
    },
    {
      name: 'wasm/pairs of shares are exchanged',
      text: 'v128.store(to, highLanes(v, v), 16);',
      becomes: 'v128.store(to, lowLanes(v, v), 16);',
    },
    {
      name: 'wasm/a box is weighed after the sum, where it is before',
      text: 'const before = t.weighsInput;',
      becomes: 'const before = 0;',
    },
  ]),
  ...mutantsOf(of('assembly/store', MASK), [
    {
      name: 'wasm/masks let 0 pass in vectors',
      text: 'v128.le<Real>(v128.load(mask), v128.splat<Real>(0))',
      becomes: 'v128.lt<Real>(v128.load(mask), v128.splat<Real>(0))',
    },
    {
      name: 'wasm/masks let 0 pass after the last vector',
      text: 'if (mask && load<Real>(mask) <= 0) value = 0;',
      becomes: 'if (mask && load<Real>(mask) < 0) value = 0;',
    },
    {
      name: 'wasm/the mask of the last lanes stands still',
      text: 'if (mask) mask += SIZE;',
      becomes: '',
    },
    {
      name: 'wasm/the last lanes replace what is there',
      text: 'store<Real>(to, add ? load<Real>(to) + value : value);',
      becomes: 'store<Real>(to, value);',
      tests: ['test/tensor/wasm-fuse.test.ts', MASK],
    },
  ]),
  ...mutantsOf(of('assembly/minimalFiltering', MASK, 'test/tensor/winograd.test.ts'), [
    {
      name: 'wasm/masks of minimal filtering let 0 pass',
      text: 'v128.le<Real>(v128.load(mask + offset), v128.splat<Real>(0))',
      becomes: 'v128.lt<Real>(v128.load(mask + offset), v128.splat<Real>(0))',
    },
    {
      name: 'wasm/a point of minimal filtering is rounded',
      text: 'const P3: Real = 0.244140625;',
      becomes: 'const P3: Real = 0.24414;',
    },
  ]),
  ...mutantsOf(of('assembly/winogradConvolve', MASK, 'test/tensor/winograd.test.ts'), [
    {
      name: 'wasm/minimal filtering has the mask of the first sample',
      text: '(sample % t.maskSamples) * sampleBytes',
      becomes: '(0 * sample) * sampleBytes',
    },
  ]),
  ...mutantsOf(of('assembly/walk', 'test/tensor/elementwise.test.ts'), [
    {
      name: 'wasm/a long row is summed in float32',
      text: 'let total: f64 = 0;',
      becomes: 'let total: f32 = 0;',
    },
    {
      name: 'wasm/columns are summed in float32',
      text: 'store<f64>(out, load<f64>(out) + load<T>(a));',
      becomes: 'store<f64>(out, <f64>(<f32>load<f64>(out) + <f32>load<T>(a)));',
    },
    {
      name: 'wasm/a row begins where the last one began',
      text: 'store<f64>(out, load<f64>(out) + total);',
      becomes: 'store<f64>(out, total);',
    },
  ]),
  ...mutantsOf(of('assembly/reduction'), [
    {
      name: 'wasm/a maximum forgets its second half',
      text: '    a = v128.max<Real>(a, b);\n',
      becomes: '',
    },
    {
      name: 'wasm/a maximum forgets what is after the last vector',
      text: 'for (; i < count; i++) value = max(value, load<Real>(x + (i << SHIFT)));',
      becomes: '',
    },
  ]),
  ...mutantsOf(of('assembly/walk', WIDE), [
    {
      name: 'wasm/a sum in float64 is made of float32 numbers',
      text: 'if (operation == SUM_64) return sumRow<f64>(',
      becomes: 'if (operation == SUM_64) return sumRow<f32>(',
    },
  ]),
  ...mutantsOf(of('assembly/minimalFiltering', WIDE, 'test/tensor/winograd.test.ts'), [
    {
      name: 'wasm/the second half of a row of float64 results goes to the first',
      text: 'const next = offset + 16;',
      becomes: 'const next = offset;',
    },
  ]),
  ...mutantsOf(of('kernels/packing', WIDE), [
    {
      name: 'wasm/taps of an input gradient are apart as in float32',
      text: 'tap: (r, s) => bytes * ((span',
      becomes: 'tap: (r, s) => 4 * ((span',
    },
  ]),
  ...mutantsOf(of('executable', WIDE), [
    {
      name: 'wasm/workers are not sent the kernels for float64',
      text: 'wide ? pool.wideKernels() : undefined',
      becomes: 'wide ? undefined : pool.wideKernels()',
    },
  ]),
  ...mutantsOf(of('assembly/gram', 'test/ntk/gramProgram.test.ts'), [
    {
      name: 'wasm/the last column of an odd number is left out of Gram matrices',
      text: 'if (count & 1) v128.store(at, f64x2.promote_low_f32x4(v128.load32_zero(x)));',
      becomes: 'if (count & 1) v128.store(at, f64x2.splat(0));',
    },
    {
      name: 'wasm/only the last panel of columns counts',
      text: 'store<f64>(at, load<f64>(at) + (f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)));',
      becomes: 'store<f64>(at, f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1));',
    },
    {
      name: 'wasm/Gram matrices are summed in float32',
      text: 'store<f64>(at, load<f64>(at) + (f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)));',
      becomes: 'store<f64>(at, <f64><f32>(load<f64>(at) + (f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1))));',
    },
  ]),
  ...mutantsOf(of('assembly/convolution'), [
    {
      name: 'wasm/masks of all samples are that of the first',
      text: 'if (mask) mask += plane * kernels;',
      becomes: '',
      tests: [MASK],
    },
    {
      name: 'wasm/padding holds what an earlier call left',
      text: 'if (packed) memory.fill(images, 0, t.packedBytes);',
      becomes: '',
    },
  ]),
  ...mutantsOf(of('assembly/strided', MASK), [
    {
      name: 'wasm/a strided gradient has the mask of the first sample',
      text: '((n % t.maskSamples) * groups + group)',
      becomes: '((0 * n) * groups + group)',
    },
  ]),
  ...mutantsOf(of('assembly/indexing'), [
    {
      name: 'wasm/positions beyond the end are one too far',
      text: '<i32>min(i, <Real>(positions - 1))',
      becomes: '<i32>min(i, <Real>positions)',
    },
    {
      name: 'wasm/a scatter of vectors adds to the first place twice',
      text: 'addAt(out + i32x4.extract_lane(places, 1), from + SIZE);',
      becomes: 'addAt(out + i32x4.extract_lane(places, 0), from + SIZE);',
    },
  ]),
  ...mutantsOf(of('kernels/packing'), [
    {
      name: 'wasm/the window of a gradient begins at the padding before',
      text: 'offset: [span[0] - top, span[1] - left]',
      becomes: 'offset: [span[0] - top, span[1] - top]',
    },
  ]),
  ...mutantsOf(of('kernels/pooling', 'test/tensor/oracle.test.ts'), [
    {
      name: 'wasm/averages do not count padding that does',
      text: 'const [low, high] = counted[at];',
      becomes: 'const [low, high] = [counted[at][0] * 0, 0];',
    },
    {
      name: 'wasm/the adjoint of a box begins at its padding',
      text: 'adjoint ? kernel.map((k, i) => k - 1 - before(padding)[i]) : before(padding)',
      becomes: 'adjoint ? kernel.map((k, i) => k - 1 - before(padding)[1 - i]) : before(padding)',
    },
  ]),
  ...mutantsOf(of('kernels/normalization'), [
    {
      name: 'wasm/channels without leading dimensions share the shift of the first',
      text: 'run.steps[0] === 1 && run.steps.slice(1).every((step) => step === 0)',
      becomes: 'run.steps[0] === 1',
    },
    {
      name: 'wasm/gradients share a batch that is not shared',
      text: 'run.steps[0] === 1 && run.steps[1] === 0 && run.steps[2] === 0',
      becomes: 'run.steps[0] === 1 && run.steps[1] === 0',
    },
  ]),
  ...mutantsOf(of('emit/elementwise', 'test/tensor/elementwise.test.ts', 'test/tensor/chains.test.ts'), [
    {
      name: 'wasm/a row of three floats loses its last',
      text: "void body.get(out, result).access('v128.store32_lane', 8, 2)",
      becomes: "void body.get(out, result).access('v128.store32_lane', 8, 1)",
    },
  ]),
  ...mutantsOf(of('emit/vector', 'test/tensor/elementwise.test.ts'), [
    {
      name: 'wasm/ReLU passes −NaN by its mask turned round',
      text: "lessEqual: 'le'",
      becomes: "lessEqual: 'lt'",
    },
  ]),
  ...mutantsOf(of('fusionRules', 'test/tensor/wasm-fuse.test.ts'), [
    {
      name: 'wasm/the first of summed gradients adds to what memory held',
      text: 'store(group, output, i > 0)',
      becomes: 'store(group, output, i >= 0)',
    },
    {
      name: 'wasm/a summed gradient loses its factor',
      text: 'coefficients[i] === 1 && sameShape(context.shape(value), shape)',
      becomes: 'sameShape(context.shape(value), shape)',
    },
    {
      name: 'wasm/a mask is read before it is there',
      text: 'at: maskIsThere ? gradient : step,',
      becomes: 'at: gradient,',
    },
  ]),
];
