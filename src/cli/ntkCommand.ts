import { readBytes } from '../data/index.ts';
import { type NetworkCase, parseCase } from '../nn/index.ts';
import { type Ntk, NtkProgram } from '../ntk/index.ts';
import { Generator, type NDArray } from '../tensor/index.ts';
import { type BackendOptions, type Computation, withBackend } from './backend.ts';
import { checkWritable, print, printJson, writeReport } from './output.ts';
import { progressBar } from './progress.ts';
import { matrixRows, repeatReport } from './report/fromNtk.ts';
import type { ArchitectureReport } from './report/model.ts';
import { renderTable } from './table.ts';

/** Options of `ntkit ntk`. */
export interface NtkCommandOptions extends BackendOptions {
  readonly batchSize?: number;
  readonly repeats: number;
  readonly seed: number;
  readonly json: boolean;
  readonly html?: string;
}

/** `ntkit ntk CASE`: κ of the network, weights and batch that a case file holds. */
export function ntkCommand(path: string, options: NtkCommandOptions): Promise<void> {
  return withBackend(options, (computation) => run(path, options, computation));
}

async function run(path: string, options: NtkCommandOptions, { backend, dtype }: Computation): Promise<void> {
  if (options.html !== undefined) await checkWritable(options.html);
  const read = parseCase((await readBytes('case', path)).bytes, path);
  const images = batchOf(read, options);

  const setupStart = performance.now();
  const program = await NtkProgram.compile(read.network, images.shape, { mode: read.mode, backend, dtype });
  const setupSeconds = secondsSince(setupStart);
  const progress = progressBar(options.repeats * images.shape[0]);
  const seconds: number[] = [];
  const results: Ntk[] = [];
  try {
    for (let repeat = 0; repeat < options.repeats; repeat++) {
      const start = performance.now();
      const onRows = (done: number) => progress.update(repeat * images.shape[0] + done, read.name);
      results.push(await program.run(images, onRows));
      seconds.push(secondsSince(start));
    }
  } finally {
    progress.stop();
    program.dispose();
  }

  const result = results[0];
  const architecture: ArchitectureReport = {
    name: read.name,
    detail: `${result.samples} samples, ${result.mode} mode`,
    parameters: result.parameters,
    repeats: results.map(repeatReport),
  };
  if (options.html !== undefined) {
    await writeReport(options.html, {
      title: `NTK condition number of ${read.name}`,
      settings: [
        ['case', read.name],
        ['mode', result.mode],
        ['samples', String(result.samples)],
        ['backend', `${backend.name} (${backend.device})`],
        ['precision', result.dtype],
      ],
      architectures: [architecture],
    });
  }
  if (options.json) {
    printJson({
      name: read.name,
      mode: result.mode,
      backend: backend.name,
      device: backend.device,
      dtype: result.dtype,
      samples: result.samples,
      parameters: result.parameters,
      ntk: matrixRows(result.theta),
      eigenvalues: [...result.eigenvalues],
      kappa: result.kappa,
      verdict: result.verdict,
      noiseFloor: result.noiseFloor,
      logits: matrixRows(result.logits),
      seconds,
      setupSeconds,
    });
  } else {
    print(renderTable([{ architecture, seconds: seconds.reduce((a, b) => a + b) / seconds.length }]));
  }
}

/** The case's batch, or as many standard normal images of its size as asked for. */
function batchOf({ input }: NetworkCase, { batchSize, seed }: NtkCommandOptions): NDArray {
  if (batchSize === undefined || batchSize === input.shape[0]) return input;
  return new Generator(seed).normals([batchSize, ...input.shape.slice(1)], { dtype: 'float32' });
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
