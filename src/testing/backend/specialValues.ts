import { vjp } from '../../autodiff/index.ts';
import {
  abs,
  broadcastTo,
  type Backend,
  clip,
  constant,
  elu,
  equal,
  evaluate,
  gather,
  hardswish,
  hardtanh,
  input,
  leakyRelu,
  less,
  lessEqual,
  logSumExp,
  max,
  maximum,
  maxPool,
  minimum,
  ones,
  ndarray,
  relu,
  reluGradient,
  select,
  sign,
  take,
  type Tensor,
} from '../../tensor/index.ts';

// Values that random cases do not draw: what they give is the same on every backend.

const single = (values: readonly number[], shape: readonly number[]) => constant(ndarray(values, shape, 'float32'));

interface SpecialCase {
  readonly name: string;
  readonly expression: () => Tensor;
  readonly expected: readonly number[];
}

const long = (...special: readonly [at: number, value: number][]) =>
  Array.from({ length: 37 }, (_, i) => special.find(([at]) => at === i)?.[1] ?? -1 - i / 64);

/** [37, 5]: the special value in each column at another place. */
const columns = (value: number) => Array.from({ length: 37 * 5 }, (_, i) => (i % 36 === 0 ? value : -2 - i));

const maxima: readonly SpecialCase[] = [
  { name: 'of −∞ alone', expression: () => max(single([-Infinity, -Infinity], [2])), expected: [-Infinity] },
  { name: 'of ∞', expression: () => max(single(long([5, Infinity]), [37])), expected: [Infinity] },
  ...[0, 1, 7, 8, 30, 36].map((at) => ({
    name: `with NaN at ${at}`,
    expression: () => max(single(long([at, NaN], [(at + 5) % 37, 3]), [37])),
    expected: [NaN],
  })),
  { name: 'of columns', expression: () => max(single(columns(3), [37, 5]), [0]), expected: [3, 3, 3, 3, 3] },
  {
    name: 'of columns with NaN',
    expression: () => max(single(columns(NaN), [37, 5]), [0]),
    expected: [NaN, NaN, NaN, NaN, NaN],
  },
  {
    name: 'over axes that are not neighbours',
    expression: () => max(single([1, 2, 3, 4, 8, 7, 6, 5], [2, 2, 2]), [0, 2]),
    expected: [8, 6],
  },
  { name: 'over no axes', expression: () => max(single([1, 2], [2]), []), expected: [1, 2] },
];

/** An index that is no constant, so that nothing checks it. */
const unchecked = input('index', [7], 'float32');
const uncheckedIndices = ndarray([-1, 0.9, 1.5, 2, 3, NaN, Infinity], [7], 'float32');
const rows = () => single([10, 11, 20, 21, 30, 31], [3, 2]);
/** By seven indices: a kernel that takes four at a time meets every value, and a rest. */
const indexed: readonly SpecialCase[] = [
  {
    name: 'gathered rows',
    expression: () => gather(rows(), unchecked, { innerRank: 1 }),
    expected: [10, 11, 10, 11, 20, 21, 30, 31, 30, 31, 10, 11, 30, 31],
  },
  {
    name: 'gathered numbers',
    expression: () => gather(single([10, 20, 30], [3]), unchecked),
    expected: [10, 10, 20, 30, 30, 10, 30],
  },
  {
    name: 'gathered numbers, in another order',
    expression: () => gather(single([10, 20, 30], [3]), reversed(unchecked)),
    expected: [30, 10, 30, 30, 20, 10, 10],
  },
  { name: 'scattered numbers', expression: () => scattered(unchecked, 7), expected: [1 + 2 + 6, 3, 4 + 5 + 7] },
  {
    name: 'scattered numbers, in another order',
    expression: () => scattered(reversed(unchecked), 7),
    expected: [2 + 6 + 7, 5, 1 + 3 + 4],
  },
];

/** The elements of a vector from the last to the first. */
function reversed(x: Tensor): Tensor {
  return take(
    x,
    Array.from({ length: x.shape[0] }, (_, i) => x.shape[0] - 1 - i),
    0,
  );
}

/** 1 to `count`, added up at the positions that an index names among three. */
function scattered(index: Tensor, count: number): Tensor {
  const values = single(
    Array.from({ length: count }, (_, i) => i + 1),
    [count],
  );
  const x = single([0, 0, 0], [3]);
  return vjp([gather(x, index)], [x], [values])[0];
}

const logSums: readonly SpecialCase[] = [
  { name: 'of −∞ alone', expression: () => logSumExp(single([-Infinity, -Infinity], [2])), expected: [-Infinity] },
  { name: 'of ∞', expression: () => logSumExp(single([1, Infinity], [2])), expected: [Infinity] },
  { name: 'of −∞ and a number', expression: () => logSumExp(single([-Infinity, 300], [2])), expected: [300] },
];

/** The gradient of a sum of maxima, with respect to the image. */
function poolGradient(image: readonly number[], side: number, kernel: number, stride: number): Tensor {
  const x = single(image, [side, side]);
  const y = maxPool(x, kernel, { stride });
  return vjp([y], [x], [ones(y.shape, 'float32')])[0];
}

const pools: readonly SpecialCase[] = [
  {
    name: 'among equal values goes to the first',
    expression: () => poolGradient(Array<number>(9).fill(2), 3, 2, 1),
    expected: [1, 1, 0, 1, 1, 0, 0, 0, 0],
  },
  {
    name: 'of four windows goes to the pixel that they share',
    expression: () =>
      poolGradient(
        Array.from({ length: 25 }, (_, i) => (i === 12 ? 9 : 0)),
        5,
        3,
        2,
      ),
    expected: Array.from({ length: 25 }, (_, i) => (i === 12 ? 4 : 0)),
  },
  {
    name: 'goes to the first NaN',
    expression: () => poolGradient([1, NaN, NaN, 5], 2, 2, 1),
    expected: [0, 1, 0, 0],
  },
];

const list = (...values: readonly number[]) => single(values, [values.length]);
/** Numbers on both sides of a kink, and on it; NaN, and both zeros. */
const aboutZero = () => list(NaN, -1, -0, 0, 1);
/** 8 times the derivative of f at some numbers. */
function slopes(f: (x: Tensor) => Tensor, ...at: readonly number[]): Tensor {
  const x = list(...at);
  return vjp([f(x)], [x], [list(...at.map(() => 8))])[0];
}

/** NaN passes, comparisons with it fail, and what happens on a kink and at equality. */
const elements: readonly SpecialCase[] = [
  { name: 'relu', expression: () => relu(aboutZero()), expected: [NaN, 0, 0, 0, 1] },
  { name: "relu's mask", expression: () => reluGradient(list(3, 3, 3, 3, 3), aboutZero()), expected: [3, 0, 0, 0, 3] },
  { name: 'a masked NaN', expression: () => reluGradient(list(NaN, NaN), list(-1, 1)), expected: [0, NaN] },
  { name: 'relu′', expression: () => slopes(relu, -1, -0, 0, 1), expected: [0, 0, 0, 8] },
  { name: 'leakyRelu', expression: () => leakyRelu(list(NaN, -1, 0, 1), 0.5), expected: [NaN, -0.5, 0, 1] },
  { name: 'leakyRelu′', expression: () => slopes((x) => leakyRelu(x, 0.5), -1, 0, 1), expected: [4, 4, 8] },
  { name: 'clip', expression: () => clip(list(NaN, -2, -1, 1, 2), -1, 1), expected: [NaN, -1, -1, 1, 1] },
  { name: 'clip′', expression: () => slopes((x) => clip(x, -1, 1), -2, -1, 0, 1, 2), expected: [0, 8, 8, 8, 0] },
  { name: 'hardtanh', expression: () => hardtanh(list(NaN, -2, -1, 1, 2)), expected: [NaN, -1, -1, 1, 1] },
  { name: 'hardtanh′', expression: () => slopes((x) => hardtanh(x), -2, -1, 0, 1, 2), expected: [0, 0, 8, 0, 0] },
  { name: 'hardswish′', expression: () => slopes(hardswish, -4, -3, 0, 3, 4), expected: [0, -4, 4, 8, 8] },
  { name: 'abs′', expression: () => slopes(abs, -2, 0, 2), expected: [-8, 0, 8] },
  { name: 'sign', expression: () => sign(list(NaN, -2, 0, 3)), expected: [NaN, -1, 0, 1] },
  { name: 'minimum', expression: () => minimum(list(NaN, 1, 2, 2), list(1, NaN, 2, 3)), expected: [NaN, NaN, 2, 2] },
  { name: 'maximum', expression: () => maximum(list(NaN, 1, 2, 2), list(1, NaN, 2, 3)), expected: [NaN, NaN, 2, 3] },
  { name: 'minimum′', expression: () => slopes((x) => minimum(x, list(1, 1, 1)), 0, 1, 2), expected: [8, 4, 0] },
  { name: 'maximum′', expression: () => slopes((x) => maximum(x, list(1, 1, 1)), 0, 1, 2), expected: [0, 4, 8] },
  {
    name: 'elu″ far above 0',
    expression: () => slopes((x) => vjp([elu(x)], [x], [list(1, 1)])[0], 200, 1000),
    expected: [0, 0],
  },
  {
    name: 'max′ of two equal ones',
    expression: () => slopes((x) => broadcastTo(max(x, [0]), [4]), 1, 3, 3, 2),
    expected: [0, 16, 16, 0],
  },
  { name: 'less', expression: () => less(list(NaN, 1, 1, 2), list(1, NaN, 1, 3)), expected: [0, 0, 0, 1] },
  { name: 'lessEqual', expression: () => lessEqual(list(NaN, 1, 1, 3), list(1, NaN, 1, 2)), expected: [0, 0, 1, 0] },
  { name: 'equal', expression: () => equal(list(NaN, -0, 1, 2), list(NaN, 0, 1, 3)), expected: [0, 1, 1, 0] },
  {
    name: 'select',
    expression: () => select(list(0, -0, -1, NaN, 2), list(1, 1, 1, 1, 1), list(5, 5, 5, 5, 5)),
    expected: [5, 5, 1, 1, 1],
  },
];

/** What a backend gives for all of these cases, beside what is expected. */
export async function specialValues(backend: Backend): Promise<{ name: string; got: number[]; expected: number[] }[]> {
  const results = [];
  for (const { name, expression, expected } of maxima) {
    const [got] = await evaluate([expression()], new Map(), backend);
    results.push({ name: `max ${name}`, got: [...got.data], expected: [...expected] });
  }
  for (const { name, expression, expected } of pools) {
    const [got] = await evaluate([expression()], new Map(), backend);
    results.push({ name: `the gradient of a maximum pool ${name}`, got: [...got.data], expected: [...expected] });
  }
  for (const { name, expression, expected } of elements) {
    const [got] = await evaluate([expression()], new Map(), backend);
    results.push({ name, got: [...got.data], expected: [...expected] });
  }
  for (const { name, expression, expected } of logSums) {
    const [got] = await evaluate([expression()], new Map(), backend);
    results.push({ name: `logSumExp ${name}`, got: [...got.data], expected: [...expected] });
  }
  for (const { name, expression, expected } of indexed) {
    const [got] = await evaluate([expression()], new Map([[unchecked, uncheckedIndices]]), backend);
    results.push({ name: `${name} by what is no position`, got: [...got.data], expected: [...expected] });
  }
  return results;
}
