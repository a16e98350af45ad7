import { constant, evaluate, multiply, ndarray, wasmBackend } from '../../src/tensor/index.ts';

// What the page of policy.test.ts does when the test calls it.

declare const window: { square: typeof square };

/** The squares of 1, 2 and 3, or the error that prevents them. */
async function square(workerUrl: string | undefined): Promise<number[] | string> {
  const backend = wasmBackend({ threads: 1, ...(workerUrl !== undefined && { workerUrl }) });
  try {
    const x = constant(ndarray([1, 2, 3], [3], 'float32'));
    const [{ data }] = await evaluate([multiply(x, x)], new Map(), backend);
    return [...data];
  } catch (error) {
    return String(error);
  } finally {
    await backend.close();
  }
}

window.square = square;
