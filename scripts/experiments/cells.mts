/**
 * Does κ predict training? Sixty cells of NAS-Bench-201 spread over κ are trained for a few epochs on the images that come
 * with ntkit, each at its best learning rate; beside what each comes to stand its κ, sizes and counts at initialisation.
 *
 *     npm run experiment -- cells --out docs/science/cells.jsonl [--shard 0/2] [--channels 8] [--steps 90]
 *
 * A line of JSON for each cell; cells that the file has are left out, so that a run goes on where it was stopped.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { csvParse } from 'd3-dsv';
import { DataLoader } from 'ntkit/data';
import { cellNetwork, crossEntropy, forward, initialize, mseLoss, parseGenotype, TE_NAS_SCHEMES } from 'ntkit/nn';
import { openDataset } from 'ntkit/node';
import { computeNtk } from 'ntkit/ntk';
import { evaluate, constant, Generator, wasmBackend } from 'ntkit/tensor';
import { oneHot, sgd, Trainer } from 'ntkit/training';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    cells: { type: 'string', default: '60' },
    table: { type: 'string', default: 'docs/sweep/random-1000.csv' },
    shard: { type: 'string', default: '0/1' },
    channels: { type: 'string', default: '8' },
    steps: { type: 'string', default: '90' },
    seeds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
  },
});
if (values.out === undefined) throw new Error('expected --out FILE');
const [shard, shards] = values.shard.split('/').map(Number);
const [steps, seeds, channels] = [values.steps, values.seeds, values.channels].map(Number);
const batchSize = 64;

/** How networks are trained: by the loss that accuracies are trained with, and by the one that the theory is of. */
const TASKS = {
  crossEntropy: { loss: crossEntropy, momentum: 0.9, start: 0.1 },
  mse: { loss: mseLoss, momentum: 0, start: 0.8 },
} as const;
type Task = keyof typeof TASKS;

const dataset = await openDataset('sample-1000');
const backend = wasmBackend({ threads: Number(values.threads) });

function network(cell: string, seed: number) {
  const net = cellNetwork(parseGenotype(cell), { channels, cells: 1, classes: 10, depth: -1, useStem: true });
  initialize(net, TE_NAS_SCHEMES.paper, new Generator(seed).fork('weights'));
  return net;
}

/** The loss over all images after `steps` steps, each batch normalised by itself as in training; infinite when it diverged. */
async function trained(cell: string, task: Task, learningRate: number, seed: number): Promise<number> {
  const net = network(cell, seed);
  const { loss, momentum } = TASKS[task];
  const trainer = await Trainer.create(net, { loss, optimizer: sgd({ learningRate, momentum }), backend });
  try {
    const loader = new DataLoader(dataset, { batchSize, shuffle: true, seed, dropLast: true });
    while (trainer.steps < steps) {
      for (const { images, labels } of loader) {
        const { loss: now } = await trainer.step(images, oneHot(labels, 10));
        if (!Number.isFinite(now) || now > 1e3) return Infinity;
        if (trainer.steps === steps) break;
      }
    }
    await trainer.save();
  } catch (error) {
    if (/finite|NaN|Infinity/.test(String(error))) return Infinity;
    throw error;
  } finally {
    trainer.dispose();
  }
  let total = 0;
  for (const { images, labels } of new DataLoader(dataset, { batchSize: 100 })) {
    const output = await forward(net, images, { mode: 'train', backend });
    const [value] = await evaluate([loss(constant(output), constant(oneHot(labels, 10)))]);
    total += value.data[0] * labels.length;
  }
  const mean = total / dataset.length;
  return Number.isFinite(mean) ? mean : Infinity;
}

/** The best learning rate on a grid of factors of two: it goes on until both neighbours are worse. */
async function bestRate(cell: string, task: Task): Promise<{ learningRate: number; tried: [number, number][] }> {
  const losses = new Map<number, number>();
  const at = async (power: number): Promise<number> => {
    const known = losses.get(power);
    if (known !== undefined) return known;
    const value = await trained(cell, task, TASKS[task].start * 2 ** power, 0);
    losses.set(power, value);
    return value;
  };
  let best = 0;
  for (;;) {
    const [below, here, above] = [await at(best - 1), await at(best), await at(best + 1)];
    // Diverged on both sides and here: the rate falls.
    if (here <= below && here <= above && Number.isFinite(here)) break;
    best += below <= above || !Number.isFinite(here) ? -1 : 1;
    if (Math.abs(best) > 12) break;
  }
  const tried = [...losses].sort(([a], [b]) => a - b);
  return {
    learningRate: TASKS[task].start * 2 ** best,
    tried: tried.map(([power, loss]) => [TASKS[task].start * 2 ** power, loss]),
  };
}

/** κ of three draws of weights and of 32 images, by TE-NAS's kernel and by that of all outputs. */
async function kappas(cell: string) {
  const result: Record<string, number[]> = {};
  for (const mode of ['eval', 'train'] as const) {
    for (const outputs of ['sum', 'trace'] as const) {
      const all: number[] = [];
      for (let seed = 0; seed < 3; seed++) {
        const loader = new DataLoader(dataset, { batchSize: 32, shuffle: true, seed });
        const [{ images }] = loader;
        const { kappa } = await computeNtk(network(cell, seed), images, {
          mode,
          outputs,
          parameters: 'weight',
          backend,
        });
        all.push(kappa);
      }
      result[`kappa_${mode}_${outputs}`] = all;
    }
  }
  return result;
}

const rows = csvParse(readFileSync(values.table, 'utf8'))
  .filter((row) => [1, 2, 3].every((draw) => row[`verdict_${draw}`] === 'resolved'))
  .sort((a, b) => Number(a.kappa) - Number(b.kappa));
const count = Number(values.cells);
const chosen = Array.from({ length: count }, (_, i) => rows[Math.round((i * (rows.length - 1)) / (count - 1))]);
const done = new Set(
  existsSync(values.out)
    ? readFileSync(values.out, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { cell: string }).cell)
    : [],
);
for (const [index, row] of chosen.entries()) {
  if (index % shards !== shard || done.has(row.architecture)) continue;
  const cell = row.architecture;
  const started = performance.now();
  const training: Record<string, unknown> = {};
  for (const task of ['crossEntropy', 'mse'] as const) {
    const { learningRate, tried } = await bestRate(cell, task);
    const losses = [tried.find(([rate]) => rate === learningRate)![1]];
    for (let seed = 1; seed < seeds; seed++) losses.push(await trained(cell, task, learningRate, seed));
    training[task] = { learningRate, losses, tried };
  }
  const parameters = [...network(cell, 0).namedParameters()].reduce(
    (sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
  const line = { cell, parameters, swept: { kappa: +row.kappa, regions: +row.regions, flops: +row.flops } };
  const seconds = Math.round((performance.now() - started) / 1000);
  // JSON has no infinity: a loss that diverged is the text.
  const text = JSON.stringify({ ...line, ...(await kappas(cell)), training, seconds }, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
  appendFileSync(values.out, `${text}\n`);
  console.error(`${index}: ${cell}: ${seconds} s`);
}
await backend.close();
