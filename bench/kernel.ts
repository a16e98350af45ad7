import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { eigenvaluesOn, GramProgram } from '../src/ntk/index.ts';
import { allocateShared, Generator, type NDArray, wasmBackend } from '../src/tensor/index.ts';

// Times Θ = J·Jᵀ of float32 rows and its eigenvalues: on the wasm backend, and in float64 PyTorch where python3 has it, in
// turns, so that a busy moment of the machine affects both. The best of all turns counts for each.
//
// PyTorch is as fast as the BLAS that it is linked to: --library-path names a folder with another one, e.g. OpenBLAS.
//
// usage: npx tsx bench/kernel.ts [--samples 256,1000] [--columns 170016] [--rounds 2] [--threads 2]
//        [--python /usr/bin/python3] [--library-path FOLDER]

const { values: options } = parseArgs({
  options: {
    samples: { type: 'string', default: '256,1000' },
    columns: { type: 'string', default: '170016' },
    rounds: { type: 'string', default: '2' },
    threads: { type: 'string', default: '2' },
    python: { type: 'string', default: '/usr/bin/python3' },
    'library-path': { type: 'string', default: '' },
  },
});
const threads = Number(options.threads);
const columns = Number(options.columns);

interface Timing {
  readonly gram: number;
  readonly eigenvalues: number;
}

/** Rows as networks have them, in one array per parameter. */
function rowsOf(n: number): NDArray[] {
  const generator = new Generator(1);
  const noise = Float32Array.from({ length: 4099 }, () => generator.normal());
  const sizes = [432, 2304, 36864, 73728];
  const arrays: NDArray[] = [];
  for (let left = columns, k = 0; left > 0; k++) {
    const size = Math.min(left, sizes[k % sizes.length]);
    const data = allocateShared('float32', n * size);
    for (let i = 0; i < data.length; i++) data[i] = noise[(i * 7 + k) % 4099] * noise[(i >> 3) % 4093];
    arrays.push({ shape: [n, size], dtype: 'float32', data });
    left -= size;
  }
  return arrays;
}

const seconds = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const start = performance.now();
  return [await work(), (performance.now() - start) / 1e3];
};

const PROGRAM = `
import sys, time, torch
n, p, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
J = torch.randn(n, p).double()
start = time.time(); K = J @ J.T; gram = time.time() - start
start = time.time(); torch.linalg.eigvalsh(K); print(gram, time.time() - start)
`;

async function torch(n: number): Promise<Timing | undefined> {
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _size, ...rest } = process.env;
  const path = options['library-path'];
  const env = { ...rest, OMP_NUM_THREADS: options.threads, ...(path ? { LD_LIBRARY_PATH: path } : {}) };
  try {
    const args = ['-c', PROGRAM, String(n), String(columns), options.threads];
    const { stdout } = await promisify(execFile)(options.python, args, { env });
    const [gram, eigenvalues] = stdout.trim().split(' ').map(Number);
    return { gram, eigenvalues };
  } catch (error) {
    console.error(`no PyTorch at ${options.python}: ${String(error).split('\n')[0]}`);
    return undefined;
  }
}

const backend = wasmBackend({ threads });
console.log(`${fileURLToPath(import.meta.url)}: P = ${columns}, ${threads} threads, best of ${options.rounds} turns`);
for (const n of options.samples.split(',').map(Number)) {
  const rows = rowsOf(n);
  const program = await GramProgram.compile({ rows: n, columns, dtype: 'float32', backend });
  const own: Timing[] = [];
  const peer: Timing[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const [theta, gram] = await seconds(() => program.run(rows));
    const [, eigenvalues] = await seconds(() => eigenvaluesOn(backend, theta));
    own.push({ gram, eigenvalues });
    const other = await torch(n);
    if (other) peer.push(other);
  }
  program.dispose();
  for (const [what, flops] of [
    ['gram', n * n * columns],
    ['eigenvalues', (4 / 3) * n ** 3],
  ] as const) {
    const [ours, theirs] = [own, peer].map((timings) => Math.min(...timings.map((timing) => timing[what])));
    const rate = (flops / ours / 1e9).toFixed(1);
    const ratio = peer.length > 0 ? `PyTorch ${theirs.toFixed(3)} s, PyTorch ÷ wasm ${(theirs / ours).toFixed(2)}` : '';
    console.log(`N = ${n}, ${what}: wasm ${ours.toFixed(3)} s (${rate} GFLOP/s), ${ratio}`);
  }
}
await backend.close();
