import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { crossEntropy } from '../src/nn/index.ts';
import { loadOnnx } from '../src/node/index.ts';
import { ndarray, wasmBackend } from '../src/tensor/index.ts';
import { oneHot, sgd, Trainer } from '../src/training/index.ts';

// Times a step of training, ResNet-18 of width 16, 64 images of 32×32, cross-entropy, SGD with momentum, beside PyTorch's,
// in turns of a few steps from the same weights; the fastest step counts for each. The losses of both are compared.
//
// usage: npx tsx bench/training.mts [--threads 2] [--rounds 5] [--steps 3] [--python /usr/bin/python3]

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '3' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
});
const BATCH = 64;
const script = fileURLToPath(new URL('torch_training.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ntkit-training-'));
const images = ndarray(
  Array.from({ length: BATCH * 3 * 32 * 32 }, (_, i) => Math.sin(i * i)),
  [BATCH, 3, 32, 32],
  'float32',
);
const targets = oneHot(
  Array.from({ length: BATCH }, (_, i) => i % 10),
  10,
);

execFileSync(options.python, [script, 'export', join(folder, 'resnet')], { stdio: ['ignore', 'ignore', 'inherit'] });
const network = await loadOnnx(join(folder, 'resnet.onnx'));
rmSync(folder, { recursive: true });
const backend = wasmBackend({ threads: Number(options.threads) });
const trainer = await Trainer.create(network, {
  loss: crossEntropy,
  optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
  backend,
});
const torch = spawn(options.python, [script, 'time', options.threads], { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = createInterface({ input: torch.stdout })[Symbol.asyncIterator]();

const best = { ntkit: Infinity, torch: Infinity };
for (let round = 0; round < Number(options.rounds); round++) {
  const losses: number[] = [];
  for (let step = 0; step < Number(options.steps); step++) {
    const start = performance.now();
    const { loss } = await trainer.step(images, targets);
    best.ntkit = Math.min(best.ntkit, (performance.now() - start) / 1000);
    losses.push(loss);
  }
  torch.stdin.write(`${options.steps}\n`);
  const answer: IteratorResult<string> = await answers.next();
  const theirs = JSON.parse(String(answer.value)) as { seconds: number; losses: number[] };
  best.torch = Math.min(best.torch, theirs.seconds);
  const [a, b] = [losses, theirs.losses].map((all) => all.map((loss) => loss.toFixed(5)).join(' '));
  console.log(`round ${round + 1}: losses of ntkit ${a}, of PyTorch ${b}`);
}
torch.stdin.end();
trainer.dispose();
await backend.close();
const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(0)} ms`;
console.log(
  `a step, ${options.threads} threads: ntkit ${milliseconds(best.ntkit)}, PyTorch ${milliseconds(best.torch)}: ` +
    `${(best.torch / best.ntkit).toFixed(2)} times as fast`,
);
