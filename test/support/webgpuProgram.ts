import { gpuBackend, input, multiply, ndarray, Program } from '../../src/tensor/index.ts';

// A program that computes on WebGPU in Node, and ends as it is told; see gpu/webgpu.test.ts. It prints one line of JSON.

const how = process.argv[2];
const names = () => Object.getOwnPropertyNames(globalThis).join();
const before = names();
const { setImmediate } = globalThis;

const backend = await gpuBackend({ mode: 'webgpu' });
const x = input('x', [3], 'float32');
const program = await Program.compile([multiply(x, x)], { backend, varying: [x] });
await program.bind();
const [squares] = await program.run(new Map([[x, ndarray([1, 2, 3], [3], 'float32')]]));

// A spinning event loop uses this.
let immediates = 0;
globalThis.setImmediate = ((...call: Parameters<typeof setImmediate>) => {
  immediates++;
  return setImmediate(...call);
}) as typeof setImmediate;
await new Promise((resolve) => setTimeout(resolve, 50));
globalThis.setImmediate = setImmediate;

console.log(JSON.stringify({ squares: [...squares.data], globals: names() === before, immediates }));
if (how === 'closed') {
  program.dispose();
  await backend.close();
}
if (how === 'throws') throw new Error('it throws');
if (how === 'exits') process.exit(7);
