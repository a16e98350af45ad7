import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { vjp } from '../src/autodiff/index.ts';
import { Trace } from '../src/nn/index.ts';
import { NtkProgram } from '../src/ntk/index.ts';
import { dialects } from '../src/tensor/backends/gpu/dialect.ts';
import { isSoftware } from '../src/tensor/backends/gpu/glContext.ts';
import { lowerPlan } from '../src/tensor/backends/gpu/program.ts';
import {
  add,
  type Backend,
  convolution,
  Generator,
  gpuAdapters,
  gpuBackend,
  type GpuModeChoice,
  input,
  matmul,
  multiply,
  type NDArray,
  planEvaluation,
  Program,
  scalar,
  sum,
  type Tensor,
  wasmBackend,
} from '../src/tensor/index.ts';
import { imagesOf, jobs } from './jobs.ts';

// Times the gpu backend beside the wasm backend: a matrix product, a convolution and its gradients, and κ of the jobs.
//
// usage: npm run bench:gpu -- [--mode auto] [--threads 2] [--rounds 5] [--batch B] [--write]
// --batch sets the batch size of all jobs: with their own ones, software rendering takes very long.
// --write puts the table into RESULTS-gpu.md, where it replaces the one of the same device.
// (OpenGL without a screen: xvfb-run -a -s "-screen 0 640x480x24" npm run bench:gpu -- --mode headlessgl)

const { values: options } = parseArgs({
  options: {
    mode: { type: 'string', default: 'auto' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    batch: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);

/**
 * How often an operation is repeated between upload and readback, so that the operation is timed and not these: eight
 * repeats would be lost in the noise of both.
 */
const CHAIN = { software: 8, device: 256 };

interface Operation {
  readonly title: string;
  readonly operands: readonly Tensor[];
  /** The operation applied repeatedly to its own results. */
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

/** A 3×3 convolution and its gradients. */
function convolutions(n: number, c: number, size: number): Operation[] {
  const x = input('x', [n, c, size, size], 'float32');
  const w = input('w', [c, c, 3, 3], 'float32');
  const of = (each: Tensor) => convolution(each, w, { padding: 1 });
  const steps: readonly [what: string, step: (y: Tensor) => Tensor][] = [
    ['convolution 3×3', of],
    ['input gradient of a convolution 3×3', (y) => vjp([of(x)], [x], [y])[0]],
    [
      'weight gradient of a convolution 3×3',
      // Operands that differ minimally, so that each is computed.
      (y) => add(y, multiply(sum(vjp([of(y)], [w], [y])[0]), scalar(1e-12, 'float32'))),
    ],
  ];
  return steps.map(([what, step]) => ({
    title: `${what} of ${n}×${c}×${size}×${size}`,
    operands: [x, w],
    chain: (count) => Array.from({ length: count }).reduce((y: Tensor) => step(y), x),
    flops: 2 * n * c * size ** 2 * c * 9,
  }));
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
    // Small enough that a chain of products stays within the range of float32.
    const draw = generator.normals(operand.shape, { dtype: 'float32' });
    return [operand, { ...draw, data: draw.data.map((value) => value / 16) }];
  });
  const seconds: number[] = [];
  const length = backend === gpu && !software ? CHAIN.device : CHAIN.software;
  for (const count of [1, 1 + length]) {
    const program = await Program.compile([chain(count)], { backend, varying: operands });
    await program.bind();
    seconds.push(await best(() => program.run(new Map(values))));
    program.dispose();
  }
  return (seconds[1] - seconds[0]) / length;
}

/** Seconds of κ, and κ. */
async function kappaOf(name: string, batch: number, backend: Backend): Promise<{ seconds: number; kappa: number }> {
  const { network, mode } = jobs[name];
  const images = imagesOf(batch);
  const program = await NtkProgram.compile(network(), images.shape, { mode, backend, dtype: 'float32' });
  let kappa = NaN;
  const seconds = await best(async () => ({ kappa } = await program.run(images)));
  program.dispose();
  return { seconds, kappa };
}

/** Launches of a backward pass for some rows together, which their number does not change, where a device binds no more than all of its kind do. */
function launches(name: string, batch: number): number {
  const { network, mode } = jobs[name];
  const built = network();
  const trace = new Trace(built, imagesOf(batch).shape, { mode, dtype: 'float32' });
  const cotangent = input('cotangent', [2, ...trace.y.shape], 'float32');
  const gradients = vjp([trace.y], [...trace.parameters(built).values()], [cotangent]);
  return lowerPlan(planEvaluation(gradients, [cotangent]).plan, dialects[gpu.mode]).varying.length;
}

/** κ of each job, and of the first one in a size that software can do, too. */
const kappas = new Map<string, readonly [name: string, batch: number]>([['', ['supernet-72', 16]]]);
for (const [name, { mode, title, batch: own }] of Object.entries(jobs)) {
  const batch = Number(options.batch ?? own);
  // With a common batch size two jobs are the same.
  if (mode === 'train') kappas.set(title.replace(/\d+, train/, String(batch)), [name, batch]);
}

const gpu = await gpuBackend({ mode: options.mode as GpuModeChoice });
const wasm = wasmBackend({ threads: Number(options.threads) });
const lines: string[] = [];
const say = (line: string) => {
  console.log(line);
  lines.push(line);
};
const row = (...cells: readonly string[]) => say(`| ${cells.join(' | ')} |`);

const adapters = gpu.mode === 'webgpu' ? await gpuAdapters() : [];
const { software } = adapters.find(({ name }) => name === gpu.renderer) ?? { software: isSoftware(gpu.renderer) };
say(`## ${gpu.mode} on ${gpu.renderer}`);
say('');
say(
  software
    ? 'A processor computes instead of a graphics device: this says what the kernels take, not what a GPU gives.'
    : 'A graphics device.',
);
say('');
say(
  `Beside ${wasm.device}, on ${cpus()[0].model}, ${cpus().length} processors; Node ${process.version}, ` +
    `${new Date().toISOString().slice(0, 10)}. The best of ${rounds} rounds.`,
);
say('');
row('', 'gpu', 'wasm', 'gpu ÷ wasm, time', 'launches of a backward pass', 'κ: gpu / wasm');
row('---', '---', '---', '---', '---', '---');
for (const operation of [product(512), ...convolutions(32, 16, 32)]) {
  const [a, b] = [await secondsOf(operation, gpu), await secondsOf(operation, wasm)];
  const rate = (seconds: number) => `${(operation.flops / seconds / 1e9).toFixed(1)} GFLOP/s`;
  row(operation.title, rate(a), rate(b), (a / b).toPrecision(2), '–', '–');
}
for (const [name, batch] of kappas.values()) {
  const [a, b] = [await kappaOf(name, batch, gpu), await kappaOf(name, batch, wasm)];
  const title = `κ of ${jobs[name].title.replace(/batch \d+/, `batch ${batch}`)}`;
  const milliseconds = ({ seconds }: { seconds: number }) => `${(1000 * seconds).toFixed(0)} ms`;
  row(
    ...[title, milliseconds(a), milliseconds(b), (a.seconds / b.seconds).toPrecision(2)],
    ...[String(launches(name, batch)), `${a.kappa.toPrecision(6)} / ${b.kappa.toPrecision(6)}`],
  );
}
await gpu.close();
await wasm.close();

if (options.write) {
  const path = new URL('RESULTS-gpu.md', import.meta.url);
  const head = '# Results of `npm run bench:gpu -- --write`';
  const sections = existsSync(path)
    ? readFileSync(path, 'utf8')
        .split(/^(?=## )/m)
        .slice(1)
    : [];
  const others = sections.filter((section) => !section.startsWith(`${lines[0]}\n`));
  const text = [head, ...others.map((section) => section.trim()), lines.join('\n')].join('\n\n');
  writeFileSync(path, await format(text, { parser: 'markdown', printWidth: 120 }));
}
