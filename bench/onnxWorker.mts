import { decodeNpy } from '../src/data/index.ts';
import { loadOnnx, readBytes } from '../src/node/index.ts';
import { KernelProgram } from '../src/ntk/index.ts';
import { type NDArray, wasmBackend } from '../src/tensor/index.ts';

// One network of torch_networks.py on the wasm backend: `onnxWorker.ts PATH MODE THREADS REPEATS` prints one JSON object.

const [path, mode, threads, repeats] = process.argv.slice(2);
const network = await loadOnnx(`${path}.onnx`);
const { shape, data } = decodeNpy(await readBytes('npy', `${path}.npy`));
const images: NDArray = { shape, dtype: 'float32', data: data as Float32Array };
const backend = wasmBackend({ threads: Number(threads) });
const program = await KernelProgram.compile(network, [shape], {
  ...{ backend, mode: mode as 'train' | 'eval', outputs: 'sum', parameters: 'all' },
});
const seconds: number[] = [];
let kernel: number[] = [];
for (let repeat = 0; repeat < Number(repeats); repeat++) {
  const start = performance.now();
  const result = await program.run(images);
  seconds.push((performance.now() - start) / 1000);
  kernel = [...result.kernel.data];
}
program.dispose();
await backend.close();
console.log(
  JSON.stringify({ seconds: Math.min(...seconds), kernel, peakBytes: process.resourceUsage().maxRSS * 1024 }),
);
