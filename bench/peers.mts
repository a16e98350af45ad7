import { defaultDevice, init, jit, lax, numpy as np, vjp as jaxVjp } from '@jax-js/jax';
import { parseArgs } from 'node:util';
import { vjp } from '../src/autodiff/index.ts';
import { KernelProgram, TE_NAS_KERNEL } from '../src/ntk/index.ts';
import { textTable } from '../src/report/index.ts';
import {
  type Backend,
  convolution,
  type FloatArray,
  Generator,
  input,
  matmul,
  Program,
  type Shape,
  sizeOf,
  type Tensor,
  wasmBackend,
} from '../src/tensor/index.ts';
import { smallCellNetwork } from './blocksJob.ts';
import { graphOf } from './graph.ts';
import { jaxArray, jaxKernel } from './jaxGraph.ts';
import { imagesOf } from './jobs.ts';

// Times jax-js on its wasm device, which has one thread in Node, beside ntkit's wasm backend with one thread and with more,
// in turns, from arrays of numbers to arrays of numbers; the best of all turns counts for each. Values are compared:
// the difference is relative to the largest.
//
// usage: npx tsx bench/peers.mts [--jobs product,convolution,input-gradient,weight-gradient,kernel] [--rounds 5]
//        [--threads 2]

type Run = () => Promise<FloatArray>;

interface Peer {
  readonly title: string;
  readonly flops?: number;
  readonly ours: (backend: Backend) => Promise<Run>;
  readonly theirs: () => Run;
}

interface Operation {
  readonly title: string;
  readonly flops: number;
  readonly shapes: readonly Shape[];
  readonly ours: (...operands: Tensor[]) => Tensor;
  readonly theirs: (...operands: np.Array[]) => np.Array;
}

/** An operation on standard normal operands. */
function operation({ title, flops, shapes, ours, theirs }: Operation): Peer {
  const generator = new Generator(0);
  const values = shapes.map((shape) => generator.normals(shape, { dtype: 'float32' }));
  return {
    title,
    flops,
    ours: async (backend) => {
      const operands = shapes.map((shape, i) => input(`x${i}`, shape, 'float32'));
      const program = await Program.compile([ours(...operands)], { backend, varying: operands });
      await program.bind();
      const feeds = new Map(operands.map((operand, i) => [operand, values[i]]));
      return async () => (await program.run(feeds))[0].data;
    },
    // Without jit, which makes a convolution several times slower.
    theirs: () => async () => {
      const arrays = values.map(({ data, shape }) => jaxArray(data as Float32Array, shape));
      return (await theirs(...arrays).data()) as Float32Array;
    },
  };
}

const [X, W]: Shape[] = [
  [32, 16, 32, 32],
  [16, 16, 3, 3],
];
const CONVOLUTION = { flops: 2 * sizeOf(X) * 16 * 9, shapes: [X, W, X] };
const ofX = `of 32×16×32×32`;
const jaxConvolution = (x: np.Array, w: np.Array) => lax.convGeneralDilated(x, w, [1, 1], 'SAME');

/** The gradient by one operand. */
function jaxGradient(f: (x: np.Array) => np.Array, x: np.Array, cotangent: np.Array): np.Array {
  const [y, back] = jaxVjp(f, [x]);
  y.dispose();
  const [gradient] = back(cotangent);
  back.dispose();
  return gradient;
}

const BATCH = 16;

const peers: Readonly<Record<string, () => Peer>> = {
  product: () =>
    operation({
      ...{ title: 'product 512×512×512', flops: 2 * 512 ** 3 },
      shapes: [
        [512, 512],
        [512, 512],
      ],
      ours: (a, b) => matmul(a, b),
      theirs: (a, b) => np.matmul(a, b),
    }),
  convolution: () =>
    operation({
      ...{ ...CONVOLUTION, shapes: [X, W], title: `convolution 3×3 ${ofX}` },
      ours: (x, w) => convolution(x, w, { padding: 1 }),
      theirs: jaxConvolution,
    }),
  'input-gradient': () =>
    operation({
      ...{ ...CONVOLUTION, title: `its input gradient` },
      ours: (x, w, u) => vjp([convolution(x, w, { padding: 1 })], [x], [u])[0],
      theirs: (x, w, u) => jaxGradient((of) => jaxConvolution(of, w), x, u),
    }),
  'weight-gradient': () =>
    operation({
      ...{ ...CONVOLUTION, title: `its weight gradient` },
      ours: (x, w, u) => vjp([convolution(x, w, { padding: 1 })], [w], [u])[0],
      theirs: (x, w, u) => jaxGradient((of) => jaxConvolution(x, of), w, u),
    }),
  kernel: () => ({
    title: `Θ of a cell network, C=8, N=1, batch ${BATCH}, eval`,
    ours: async (backend) => {
      const images = imagesOf(BATCH);
      const options = { ...TE_NAS_KERNEL, mode: 'eval', backend } as const;
      const program = await KernelProgram.compile(smallCellNetwork(), [images.shape], options);
      return async () => (await program.run(images)).kernel.data;
    },
    theirs: () => {
      const { weights, kernel } = jaxKernel(graphOf({ network: smallCellNetwork, mode: 'eval', batch: 1 }));
      const compiled = jit(kernel);
      const { data, shape } = imagesOf(BATCH);
      return async () => (await compiled(weights(), jaxArray(data as Float32Array, shape)).data()) as Float32Array;
    },
  }),
};

const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: Object.keys(peers).join(',') },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
  },
});

async function timed(run: Run): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** The largest difference, relative to the largest value. */
function difference(ours: FloatArray, theirs: FloatArray): number {
  if (ours.length !== theirs.length) throw new Error(`peers: expected ${ours.length} values, got ${theirs.length}`);
  let [most, largest] = [0, 0];
  ours.forEach((value, i) => {
    most = Math.max(most, Math.abs(value - theirs[i]));
    largest = Math.max(largest, Math.abs(value));
  });
  return most / largest;
}

async function row({ title, flops, ours, theirs }: Peer, backends: readonly Backend[]): Promise<string[]> {
  const runs = [theirs()];
  for (const backend of backends) runs.push(await ours(backend));
  // The first run of each compiles, and is not counted.
  const values: FloatArray[] = [];
  for (const run of runs) values.push(await run());
  const best = runs.map(() => Infinity);
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [i, run] of runs.entries()) best[i] = Math.min(best[i], await timed(run));
  }
  const [jax, ...own] = best;
  const cell = (ms: number) =>
    `${ms.toFixed(1)} ms${flops === undefined ? '' : ` (${(flops / ms / 1e6).toFixed(1)} GFLOP/s)`}`;
  const apart = Math.max(...values.slice(1).map((value) => difference(value, values[0])));
  return [title, ...best.map(cell), ...own.map((ms) => (jax / ms).toFixed(1)), apart.toExponential(1)];
}

await init('wasm');
defaultDevice('wasm');
const counts = [1, Number(options.threads)];
const backends = counts.map((threads) => wasmBackend({ threads }));
const named = counts.map((threads) => `ntkit, ${threads} thread${threads === 1 ? '' : 's'}`);
const heads = ['', 'jax-js, 1 thread', ...named, ...named.map((name) => `jax-js ÷ ${name}`), 'difference'];
const rows: string[][] = [];
for (const name of options.jobs.split(',')) {
  if (!Object.hasOwn(peers, name)) throw new Error(`--jobs: expected ${Object.keys(peers).join(', ')}, got ${name}`);
  rows.push(await row(peers[name](), backends));
}
console.log(
  textTable(
    heads.map((head, i) => ({ head, align: i === 0 ? 'left' : 'right' })),
    rows,
    { width: process.stdout.columns },
  ),
);
for (const backend of backends) await backend.close();
