import { expect, test } from 'vitest';
import {
  allocate,
  allocateShared,
  cast,
  castTo,
  constant,
  type DType,
  evaluate,
  eye,
  Generator,
  input,
  InputError,
  ndarray,
  ones,
  Program,
  referenceBackend,
  scalar,
  zeros,
} from '../../src/tensor/index.ts';

test('an unknown precision is refused everywhere', () => {
  const x = input('x', [2]);
  const array = ndarray([1, 2], [2]);
  for (const dtype of ['float16', 'Float32', 'f4', '', null, 32] as unknown as DType[]) {
    const uses: (() => unknown)[] = [
      () => input('x', [2], dtype),
      () => scalar(1, dtype),
      () => zeros([2], dtype),
      () => ones([2], dtype),
      () => eye(2, dtype),
      () => castTo(x, dtype),
      () => constant({ ...array, dtype }),
      () => ndarray([1, 2], [2], dtype),
      () => ndarray(Float32Array.of(1, 2), [2], dtype),
      () => cast(array, dtype),
      () => allocate(dtype, 2),
      () => allocateShared(dtype, 2),
      () => new Generator(0).normals([2], { dtype }),
      () => new Generator(0).uniforms([2], { dtype }),
    ];
    for (const use of uses) {
      expect(use).toThrow(InputError);
      expect(use).toThrow(/^[a-zA-Z]+: dtype: expected "float32" or "float64", got \S+$/);
    }
  }
});

test('the reference backend, which all share, can be closed and stays usable', async () => {
  const program = await Program.compile([scalar(3)]);
  await referenceBackend.close();
  await program.bind();
  expect((await program.run())[0].data[0]).toBe(3);
  expect((await evaluate([scalar(4)], new Map(), referenceBackend))[0].data[0]).toBe(4);
});
