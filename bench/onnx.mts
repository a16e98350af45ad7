import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { textTable } from '../src/report/index.ts';

// Times the kernel of four networks of PyTorch (its summed outputs, all parameters, 32 images of 32×32), exported to ONNX,
// on the wasm backend and in PyTorch, in turns; the best of all turns counts for each. PyTorch's is the faster of the
// loop over samples and, in eval mode, functorch's vmap(grad).
//
// usage: npx tsx bench/onnx.mts [--jobs NAME,NAME…] [--rounds 2] [--threads 2] [--python /usr/bin/python3]

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const JOBS: Readonly<Record<string, string>> = {
  resnet18: 'ResNet-18, width 64, eval',
  mobilenet: 'MobileNetV2, eval',
  vit: 'ViT, dim 64, 4 layers, eval',
  'resnet18-w16': 'ResNet-18, width 16, train',
};
const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: Object.keys(JOBS).join(',') },
    rounds: { type: 'string', default: '2' },
    threads: { type: 'string', default: '2' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
});

interface Ours {
  readonly seconds: number;
  readonly kernel: readonly number[];
  readonly peakBytes: number;
}

interface Torch {
  readonly loop: number;
  readonly vmap?: number;
  readonly kernel: readonly (readonly number[])[];
  readonly peakBytes: number;
}

const script = here('torch_networks.py');
const python = async (...args: string[]) =>
  (await run(options.python, [script, ...args], { maxBuffer: 2 ** 26 })).stdout;
const tsx = here('../node_modules/tsx/dist/cli.mjs');

async function time(name: string, folder: string): Promise<string[]> {
  const path = join(folder, name);
  const mode = JOBS[name].endsWith('train') ? 'train' : 'eval';
  await python('export', name, path);
  const ours: Ours[] = [];
  const torch: Torch[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const { stdout } = await run(process.execPath, [tsx, here('onnxWorker.mts'), path, mode, options.threads, '2']);
    ours.push(JSON.parse(stdout) as Ours);
    torch.push(JSON.parse(await python('time', name, path, options.threads, '1')) as Torch);
  }
  const right = torch[0].kernel.flat();
  const largest = Math.max(...right.map(Math.abs));
  const error = Math.max(...right.map((value, i) => Math.abs(value - ours[0].kernel[i]))) / largest;
  const best = (times: readonly (number | undefined)[]) => Math.min(...times.map((seconds) => seconds ?? Infinity));
  const seconds = best(ours.map((each) => each.seconds));
  const [loop, vmap] = [best(torch.map((each) => each.loop)), best(torch.map((each) => each.vmap))];
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(2);
  return [
    JOBS[name],
    seconds.toFixed(2),
    loop.toFixed(2),
    Number.isFinite(vmap) ? vmap.toFixed(2) : '–',
    (Math.min(loop, vmap) / seconds).toFixed(2),
    gib(Math.max(...ours.map(({ peakBytes }) => peakBytes))),
    error.toExponential(1),
  ];
}

const folder = await mkdtemp(join(tmpdir(), 'ntkit-onnx-'));
try {
  const rows: string[][] = [];
  for (const name of options.jobs.split(',')) rows.push(await time(name, folder));
  const heads = ['network', 's', 'loop s', 'vmap s', 'PyTorch ÷ ours', 'GiB', 'difference'];
  console.log(
    textTable(
      heads.map((head, i) => ({ head, align: i === 0 ? 'left' : 'right' })),
      rows,
    ),
  );
} finally {
  await rm(folder, { recursive: true });
}
