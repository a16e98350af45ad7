import { describe, expect, test } from 'vitest';
import {
  add,
  apply,
  averagePool,
  batchNorm,
  broadcastShapes,
  broadcastTo,
  concatenate,
  constant,
  convolution,
  convolution1d,
  convolutionTranspose,
  evaluate,
  exp,
  formatGraph,
  gather,
  input,
  InputError,
  matmul,
  max,
  maxPool,
  multiply,
  ndarray,
  type NDArray,
  ones,
  pad,
  planEvaluation,
  Program,
  referenceBackend,
  relu,
  reshape,
  scale,
  ShapeError,
  slice,
  sum,
  take,
  type Tensor,
  topologicalOrder,
  transpose,
  upsampleNearest,
} from '../../src/tensor/index.ts';
import { releases } from '../../src/tensor/liveness.ts';
import { peakBytesOf, useOf } from '../../src/tensor/plan.ts';

const x = input('x', [2, 3]);
const steps = (outputs: Tensor[], varying: Tensor[] = []) => planEvaluation(outputs, varying).plan;

describe('a plan', () => {
  test('computes equal subexpressions once', () => {
    const { fixedSteps } = steps([add(exp(x), multiply(exp(x), exp(x)))]);
    expect(fixedSteps.map(({ primitive }) => primitive)).toEqual(['exp', 'multiply', 'linearCombination']);
  });

  test('does not compute a broadcast that its consumer does itself', () => {
    const { fixedSteps } = steps([multiply(x, broadcastTo(input('row', [3]), [2, 3]))]);
    expect(fixedSteps.map(({ primitive }) => primitive)).toEqual(['multiply']);
    const materialised = steps([broadcastTo(x, [4, 2, 3])]).fixedSteps;
    expect(materialised.map(({ primitive }) => primitive)).toEqual(['broadcastTo']);
  });

  test('keeps a broadcast that changes core dimensions', () => {
    const { fixedSteps } = steps([matmul(ones([2, 3]), input('b', [3, 2]))]);
    expect(fixedSteps.map(({ primitive }) => primitive)).toEqual(['broadcastTo', 'matmul']);
  });

  test('releases a buffer after its last use: a chain needs two at a time', () => {
    let y: Tensor = x;
    for (let i = 0; i < 10; i++) y = exp(y);
    expect(peakBytesOf(steps([y]))).toBe(2 * 6 * 8);
  });

  test('keeps the operands of varying steps, and runs only those again', async () => {
    const u = input('u', [2, 3]);
    const square = multiply(x, x);
    const planned = steps([multiply(exp(square), u)], [u]);
    expect(planned.fixedSteps.map(({ primitive }) => primitive)).toEqual(['multiply', 'exp']);
    expect(planned.varyingSteps.map(({ primitive }) => primitive)).toEqual(['multiply']);
    const stages = [planned.fixedSteps, planned.varyingSteps].map((stage) => ({ operations: stage.map(useOf) }));
    const released = releases(stages, planned.outputs);
    expect(released).toEqual([[[], [planned.fixedSteps[0].output]], [[]]]); // the square, not its exponential

    const program = await Program.compile([multiply(exp(square), u), square], {
      backend: referenceBackend,
      varying: [u],
    });
    await program.bind(new Map([[x, ndarray([0, 1, 2, 0, 1, 2], [2, 3])]]));
    const first = await program.run(new Map([[u, ndarray([1, 1, 1, 2, 2, 2], [2, 3])]]));
    const second = await program.run(new Map([[u, ndarray([0, 0, 0, 1, 1, 1], [2, 3])]]));
    expect([...first[0].data]).toEqual([1, Math.E, Math.exp(4), 2, 2 * Math.E, 2 * Math.exp(4)]);
    expect([...second[0].data]).toEqual([0, 0, 0, 1, Math.E, Math.exp(4)]);
    expect([...second[1].data]).toEqual([0, 1, 4, 0, 1, 4]);
    await program.bind(new Map([[x, ndarray([0, 0, 0, 0, 0, 0], [2, 3])]]));
    const [third] = await program.run(new Map([[u, ndarray([1, 2, 3, 4, 5, 6], [2, 3])]]));
    expect([...third.data]).toEqual([1, 2, 3, 4, 5, 6]);
    program.dispose();
  });

  test('gives every block of a varying input its own result', async () => {
    const program = await Program.compile([scale(x, 2)], { backend: referenceBackend, varying: [x] });
    await program.bind();
    const blocks = [1, 2, 3].map((k) => new Map([[x, ndarray(Array<number>(6).fill(k), [2, 3])]]));
    const seen: [number, number][] = [];
    await program.runBlocks(blocks, (block, [y]) => seen.push([block, y.data[5]]));
    expect(seen).toEqual([[0, 2], [1, 4], [2, 6]]); // prettier-ignore
  });

  test('writes outputs to the places they are given', async () => {
    const program = await Program.compile([scale(x, 2), scale(x, 3)], { backend: referenceBackend, varying: [x] });
    await program.bind();
    const blocks = [1, 2].map((k) => new Map([[x, ndarray(Array<number>(6).fill(k), [2, 3])]]));
    const all = new Float64Array(12);
    const others: number[] = [];
    const consume = (block: number, [y, z]: readonly NDArray[]) => {
      expect(y.data.buffer).toBe(all.buffer);
      others[block] = z.data[0];
    };
    await program.runBlocks(blocks, consume, (block) => [all.subarray(6 * block, 6 * (block + 1)), undefined]);
    expect([...all]).toEqual([2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4]);
    expect(others).toEqual([3, 6]);
  });

  test('returns results that later runs do not overwrite', async () => {
    const program = await Program.compile([x, relu(x), relu(x)], { backend: referenceBackend, varying: [x] });
    await program.bind();
    const at = (k: number) => new Map([[x, ndarray(Array<number>(6).fill(k), [2, 3])]]);
    const first = await program.run(at(1));
    await program.run(at(5));
    expect(first.map(({ data }) => data[0])).toEqual([1, 1, 1]);
    expect(first[1].data).not.toBe(first[2].data);
  });
});

describe('evaluation', () => {
  test('refuses missing inputs, and inputs of the wrong shape or precision', async () => {
    await expect(evaluate([relu(x)])).rejects.toThrow(new ShapeError('evaluate: no value given for x float64[2, 3]'));
    const wrong = new Map([[x, ndarray([1], [1])]]);
    await expect(evaluate([relu(x)], wrong)).rejects.toThrow(
      'evaluate: expected a value for x float64[2, 3], got float64[1]',
    );
    const single = new Map([[x, ndarray([1, 2, 3, 4, 5, 6], [2, 3], 'float32')]]);
    await expect(evaluate([relu(x)], single)).rejects.toThrow(ShapeError);
  });

  test('of a deep graph does not overflow the stack', async () => {
    let y: Tensor = constant(ndarray([1], [1]));
    for (let i = 0; i < 50_000; i++) y = multiply(y, y);
    expect(topologicalOrder([y])).toHaveLength(50_001);
    expect([...(await evaluate([y]))[0].data]).toEqual([1]);
  });

  test('propagates NaN, through ReLU and maximum too', async () => {
    const y = constant(ndarray([NaN, 1, 2, 3], [1, 2, 2]));
    const [rectified, pooled] = await evaluate([relu(y), maxPool(y, 2)]);
    expect([rectified.data[0], pooled.data[0]]).toEqual([NaN, NaN]);
  });
});

describe('a graph', () => {
  test('is printed with one tensor per line', () => {
    expect(formatGraph([sum(relu(x), [1])])).toBe(
      ['%0 = x float64[2, 3]', '%1 = relu(%0) float64[2, 3]', '%2 = sum(%1, axes=[-1]) float64[2]'].join('\n'),
    );
  });

  test('is immutable', () => {
    const y = relu(x) as { shape: readonly number[] };
    expect(() => (y.shape = [1])).toThrow(TypeError);
  });

  test('a multiple of a multiple is simplified to one multiple', () => {
    expect(scale(scale(x, 2), 3).operands).toEqual([x]);
    expect(add(x)).toBe(x);
  });
});

test('an array from code without types is checked', () => {
  expect(() => ndarray([[1], [2]] as never, [2])).toThrow(
    'ndarray: data: expected a flat list of numbers, got [[1],[2]]',
  );
  expect(() => ndarray([1, 2], undefined as never)).toThrow('ndarray: shape: expected a shape, a list of integers ≥ 0');
  expect(() => ndarray([1, 2], [-2])).toThrow('got [-2]');
});

describe('shapes that do not fit are refused', () => {
  const images = input('images', [2, 3, 5, 5]);
  const cases: [string, () => unknown, RegExp][] = [
    ['broadcast', () => broadcastShapes('add', [[2, 3], [2, 4]]), /add: shapes \[2, 3\] and \[2, 4\] do not broadcast.*dimension -1, got 3 and 4/], // prettier-ignore
    ['kernel too large', () => convolution(images, input('w', [1, 3, 7, 3])), /convolution: kernel of 7 taps .* does not fit the padded input of 5 in dimension -2/],
    ['channels', () => convolution(images, input('w', [1, 2, 3, 3])), /weight has 2 input channels a group, expected 3/],
    ['groups', () => convolution(images, input('w', [4, 1, 3, 3]), { groups: 2 }), /expected groups that divide 3 input and 4 output channels, got 2/],
    ['stride', () => convolution(images, input('w', [1, 3, 3, 3]), { stride: 0 }), /convolution: stride: expected integers ≥ 1, got 0, 0/],
    ['rank', () => convolution(input('flat', [5]), images), /operand 0 has too few dimensions, expected at least 4, got shape \[5\]/],
    ['pool', () => averagePool(images, 6), /averagePool: kernel size 6 > padded input size 5 in dimension -2/],
    ['pool padding before', () => maxPool(images, 2, { padding: [[2, 0], [0, 0]] }), /maxPool: a window lies entirely in the padding, expected less padding for a kernel of 2 in dimension -2, got 2 before and 0 after 5 pixels/],
    ['pool padding after', () => averagePool(images, 2, { stride: 1, padding: [[0, 0], [0, 2]] }), /averagePool: a window lies entirely in the padding, .* in dimension -1, got 0 before and 2 after 5 pixels/],
    ['sides', () => maxPool(images, 2, { padding: [[0, 0], [0, -1]] }), /maxPool: padding: expected integers ≥ 0, got 0, -1/],
    ['sides of the primitive', () => apply('convolution', [images, input('w', [1, 3, 3, 3])], { stride: [1, 1], padding: [[0, 0], [-1, 0]], dilation: [1, 1], groups: 1 }), /convolution: expected a padding of integers ≥ 0, got \[\[0,0\],\[-1,0\]\]/],
    ['counted', () => apply('averagePool', [images], { kernel: [2, 2], stride: [1, 1], padding: [[0, 0], [1, 0]], counted: [[0, 0], [1, 1]] }), /averagePool: expected at most the padding 1, 0 to count in dimension -1, got 1, 1/],
    ['one value per channel', () => batchNorm(input('x', [1, 3, 1, 1]), input('g', [3]), input('b', [3])), /variance 0, expected batch × height × width ≥ 2, got 1 × 1 × 1/],
    ['inner extents', () => matmul(input('a', [2, 3]), input('b', [4, 5])), /matmul .*dimension k differs between operands, expected 3, got 4/],
    ['elements', () => reshape(x, [4]), /reshape: \[2, 3\] to \[4\] changes the number of elements, expected 6, got 4/],
    ['stretch', () => broadcastTo(x, [3, 3]), /broadcastTo/],
    ['permutation', () => transpose(x, [0, 0]), /transpose: expected a permutation of 0…1, got 0, 0/],
    ['empty slice', () => slice(x, [{ start: 3 }]), /slice: expected 0 ≤ start < stop ≤ 3/],
    ['too many ranges', () => slice(x, [{}, {}, {}]), /slice: expected at most 2 ranges/],
    ['negative padding', () => pad(x, [{ before: -1 }]), /pad: expected counts ≥ 0/],
    ['axis', () => concatenate([x, x], 2), /concatenate: expected an axis of tensors of rank 2, got 2/],
    ['after the axis', () => concatenate([x, input('y', [2, 4])], 0), /concatenate: expected shapes that agree after the axis/],
    ['max of nothing', () => max(input('x', [2, 0]), [1]), /max: the maximum of nothing is undefined, expected extents ≥ 1 along axes -1, got \[0\]/],
    ['max axis', () => max(x, [2]), /max: expected axes of a tensor of shape \[2, 3\], got 2/],
    ['many positions', () => gather(input('x', [2 ** 24 + 1]), input('i', [2])), /gather: indices are float32, expected 1 to 16777216 positions, got 16777217/],
    ['index and values', () => apply('scatter', [input('g', [4, 2]), input('i', [3])], { size: [5], indexRank: 1, innerRank: 1 }), /scatter: expected an index of shape \[4\], got \[3\]/],
    ['take axis', () => take(x, [0], 2), /take: expected an axis of a tensor of shape \[2, 3\], got 2/],
    ['transposed to nothing', () => convolutionTranspose(input('x', [1, 3, 2, 2]), images, { padding: 4 }), /convolutionTranspose: a padding of 4 and 4 leaves nothing of 6 in dimension -2/],
    ['rank of a transposed convolution', () => convolutionTranspose(x, images), /convolutionTranspose: expected \[…, N, K, P, Q\]/],
    ['rank of a convolution in one dimension', () => convolution1d(x, images), /convolution1d: expected \[…, N, C, L\]/],
    ['upsampled size', () => upsampleNearest(images, [3, 0]), /upsampleNearest: size: expected integers ≥ 1, got 3, 0/],
    ['sum axis', () => sum(x, [5]), /sum: expected axes of a tensor of shape \[2, 3\], got 5/],
    ['precision', () => add(x, input('y', [2, 3], 'float32')), /expected operands of one precision, got float64 and float32/],
    ['extent', () => input('x', [2.5]), /input x: expected a shape, a list of integers ≥ 0, got \[2.5\]/],
    ['data', () => ndarray([1, 2], [3]), /ndarray: shape \[3\] needs 3 elements, got 2/],
  ]; // prettier-ignore

  test.each(cases)('%s', (_, build, message) => {
    expect(build).toThrow(ShapeError);
    expect(build).toThrow(message);
  });
});

test.each([[-1], [3], [0.5], [NaN]])('a constant index of %d in 3 positions is refused', (index) => {
  const at = constant(ndarray([0, index], [2]));
  const message = `expected indices that are whole numbers from 0 to 2, got ${index}`;
  expect(() => gather(x, at)).toThrow(new InputError(`gather: ${message}`));
  expect(() => take(x, [0, index], -1)).toThrow(new InputError(`take: ${message}`));
});
