import { NtkProgram } from '../src/ntk/index.ts';
import { referenceBackend, wasmBackend } from '../src/tensor/index.ts';
import { imagesOf, jobs } from './jobs.ts';

// Runs one job in a process of its own, so that the memory measured is its own, and prints one JSON object.
// usage: worker.ts JOB BACKEND THREADS REPEATS BATCH

const [name, backendName, threads, repeats, batch] = process.argv.slice(2);
const { mode, network } = jobs[name];
const wasm = backendName === 'wasm';
const backend = wasm ? wasmBackend({ threads: Number(threads) }) : referenceBackend;
const images = imagesOf(Number(batch));
const program = await NtkProgram.compile(network(), images.shape, { mode, backend, dtype: 'float32' });
const seconds: number[] = [];
let kappa = NaN;
for (let repeat = 0; repeat < Number(repeats); repeat++) {
  const start = performance.now();
  ({ kappa } = await program.run(images));
  seconds.push((performance.now() - start) / 1000);
}
program.dispose();
await backend.close();
console.log(JSON.stringify({ seconds, kappa, peakBytes: process.resourceUsage().maxRSS * 1024 }));
