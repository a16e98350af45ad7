import { parseArgs } from 'node:util';
import { NtkProgram } from '../src/ntk/index.ts';
import {
  type Backend,
  convolution,
  Generator,
  gpuBackend,
  type GpuModeChoice,
  input,
  matmul,
  type NDArray,
  Program,
  type Tensor,
  wasmBackend,
} from '../src/tensor/index.ts';
import { imagesOf, jobs } from './jobs.ts';

// Times the gpu backend beside the wasm backend: a matrix product, a convolution, and κ of a supernet.
//
// usage: npm run bench:gpu -- [--mode auto] [--threads 2] [--rounds 5]
// (without a screen: xvfb-run -a -s "-screen 0 640x480x24" npm run bench:gpu)

const { values: options } = parseArgs({
  options: {
    mode: { type: 'string', default: 'auto' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
  },
});
const rounds = Number(options.rounds);

/** How often an operation is done between upload and readback, so that it is the operation that is timed. */
const CHAIN = 8;

interface Operation {
  readonly title: string;
  readonly operands: readonly Tensor[];
  /** The operation on its own results, as many times as told. */
  readonly chain: (count: number) => Tensor;
  readonly flops: number;
}

function product(size: number): Operation {
  const [a, b] = ['a', 'b'].map((name) => input(name, [size, size], 'float32'));
  return {
    title: `product ${size}×${size}×${size}`,
    operands: [a, b],
    chain: (count) => Array.from({ length: count }).reduce((x: Tensor) => matmul(x, b), a),
    flops: 2 * size ** 3,
  };
}

function convolution3x3(n: number, c: number, size: number): Operation {
  const x = input('x', [n, c, size, size], 'float32');
  const w = input('w', [c, c, 3, 3], 'float32');
  return {
    title: `convolution 3×3 of ${n}×${c}×${size}×${size}`,
    operands: [x, w],
    chain: (count) => Array.from({ length: count }).reduce((y: Tensor) => convolution(y, w, { padding: 1 }), x),
    flops: 2 * n * c * size ** 2 * c * 9,
  };
}

/** Seconds of the fastest round, after one that compiles. */
async function best(run: () => Promise<unknown>): Promise<number> {
  await run();
  let seconds = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await run();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  return seconds;
}

/** Seconds of one operation: those of a long chain less those of a short one, by the operations between. */
async function secondsOf({ operands, chain }: Operation, backend: Backend): Promise<number> {
  const generator = new Generator(0);
  const values = operands.map((operand): [Tensor, NDArray] => {
    // Small enough that a chain of products stays within float32.
    const draw = generator.normals(operand.shape, { dtype: 'float32' });
    return [operand, { ...draw, data: draw.data.map((value) => value / 16) }];
  });
  const seconds: number[] = [];
  for (const count of [1, 1 + CHAIN]) {
    const program = await Program.compile([chain(count)], { backend, varying: operands });
    await program.bind();
    seconds.push(await best(() => program.run(new Map(values))));
    program.dispose();
  }
  return (seconds[1] - seconds[0]) / CHAIN;
}

async function kappaSeconds(name: string, batch: number, backend: Backend): Promise<number> {
  const { network, mode } = jobs[name];
  const images = imagesOf(batch);
  const program = await NtkProgram.compile(network(), images.shape, { mode, backend, dtype: 'float32' });
  const seconds = await best(() => program.run(images));
  program.dispose();
  return seconds;
}

const gpu = await gpuBackend({ mode: options.mode as GpuModeChoice });
const wasm = wasmBackend({ threads: Number(options.threads) });
console.log(gpu.device);
console.log(`${wasm.device}; the best of ${rounds} rounds`);
const row = (...cells: [string, string, string, string]) =>
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(60) : cell.padStart(16))).join(''));
row('', 'gpu', 'wasm', 'gpu ÷ wasm, time');
for (const operation of [product(512), convolution3x3(32, 16, 32)]) {
  const [a, b] = [await secondsOf(operation, gpu), await secondsOf(operation, wasm)];
  const rate = (seconds: number) => `${(operation.flops / seconds / 1e9).toFixed(1)} GFLOP/s`;
  row(operation.title, rate(a), rate(b), (a / b).toFixed(1));
}
const [a, b] = [await kappaSeconds('supernet-72', 16, gpu), await kappaSeconds('supernet-72', 16, wasm)];
const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(0)} ms`;
row('κ of the NAS-Bench-201 supernet, C=3, N=1, batch 16, train', milliseconds(a), milliseconds(b), (a / b).toFixed(1));
await gpu.close();
await wasm.close();
