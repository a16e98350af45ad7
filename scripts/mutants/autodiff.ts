import { type Mutant, mutantsOf } from './mutant.ts';

const RULES = ['test/tensor/elementwise-torch.test.ts', 'test/testing/laws.test.ts'];

/** Derivatives, and the transforms that combine them. */
export const autodiffMutants: readonly Mutant[] = [
  ...mutantsOf({ file: 'src/autodiff/rules.ts', tests: RULES }, [
    {
      name: 'autodiff/equal operands of a minimum both get all',
      text: 'select(equal(a, b), scale(g, 0.5), like(g, 0))',
      becomes: 'select(equal(a, b), g, like(g, 0))',
    },
    {
      name: 'autodiff/tanh loses its square',
      text: 'subtract(g, multiply(g, power(y, 2)))',
      becomes: 'subtract(g, multiply(g, y))',
    },
    {
      name: 'autodiff/leaky ReLU is steep at 0',
      text: '(g) => select(positive(x), g, scale(g, slope))',
      becomes: '(g) => select(less(x, like(x, 0)), scale(g, slope), g)',
    },
    {
      name: 'autodiff/softplus beyond its threshold keeps its slope',
      text: 'select(less(like(x, threshold), scale(x, beta)), g, multiply(g, sigmoid(scale(x, beta))))',
      becomes: 'multiply(g, sigmoid(scale(x, beta)))',
    },
    {
      name: 'autodiff/GELU without its density',
      text: 'multiply(g, add(distribution, multiply(x, density)))',
      becomes: 'multiply(g, distribution)',
    },
    {
      name: 'autodiff/clip is flat on its bounds',
      text: 'select(multiply(lessEqual(like(x, low), x), lessEqual(x, like(x, high))), g, like(g, 0))',
      becomes: 'select(multiply(less(like(x, low), x), less(x, like(x, high))), g, like(g, 0))',
    },
    {
      name: 'autodiff/hardtanh is steep on its bounds',
      text: 'add(lessEqual(x, like(x, low)), lessEqual(like(x, high), x))',
      becomes: 'add(less(x, like(x, low)), less(like(x, high), x))',
    },
    {
      name: 'autodiff/hardswish is flat at −3',
      text: 'select(less(x, like(x, -3)), like(g, 0)',
      becomes: 'select(lessEqual(x, like(x, -3)), like(g, 0)',
    },
    {
      name: 'autodiff/hardswish is 1 nowhere but above 3',
      text: 'select(less(x, like(x, 3)), middle, g)',
      becomes: 'select(lessEqual(x, like(x, 3)), middle, g)',
    },
    {
      name: 'autodiff/a slice forgets what its step left over',
      text: 'extent - start[i] - taken[i]',
      becomes: '(start[i], 0 * extent + Math.max(0, extent - start[i] - taken[i] - (step[i] - 1)))',
    },
    {
      name: 'autodiff/a transposition is its own inverse',
      text: 'permutation: permutation.map((_, i) => permutation.indexOf(i))',
      becomes: 'permutation',
    },
    {
      name: 'autodiff/a product forgets the transposition of b',
      text: 'matmul(b, g, { transposeA: transposeB, transposeB: true })',
      becomes: 'matmul(b, g, { transposeA: !transposeB, transposeB: true })',
    },
    {
      name: 'autodiff/eigenvectors with gaps of the wrong sign',
      text: 'subtract(reshape(lambda, [...leading, 1, n]), reshape(lambda, [...leading, n, 1]))',
      becomes: 'subtract(reshape(lambda, [...leading, n, 1]), reshape(lambda, [...leading, 1, n]))',
    },
    {
      name: 'autodiff/the second operand of a Gram matrix is that of the first',
      text: '(g) => castTo(matmul(g, castTo(a, g.dtype), { transposeA: true }), b.dtype)',
      becomes: '(g) => castTo(matmul(g, castTo(a, g.dtype)), b.dtype)',
    },
    {
      name: 'autodiff/a weight gradient differentiated as if x stood still',
      text: "(g) => apply('convolutionInputGradient', [gy, g], { ...a, inputSize: lastTwo(x) })",
      becomes:
        "(g) => apply('convolutionInputGradient', [gy, apply('linearCombination', [g], { coefficients: [0] })], { ...a, inputSize: lastTwo(x) })",
    },
  ]),
  ...mutantsOf({ file: 'src/autodiff/transforms.ts', tests: ['test/autodiff/transforms.test.ts', ...RULES] }, [
    {
      name: 'autodiff/one use of a value counts, not all',
      text: 'const gradient = add(...terms);',
      becomes: 'const gradient = terms[0];',
    },
  ]),
];
