import { parseBatchesCase } from '../nn/index.ts';
import { readBytes } from '../node/index.ts';
import { LinearRegionProgram, type LinearRegions } from '../ntk/index.ts';
import { type Computation, withBackend } from './backend.ts';
import type * as commands from './commands.ts';
import type { OptionsOf } from './options.ts';
import { print, printJson } from './output.ts';

/** Options of `ntkit regions`. */
type Options = OptionsOf<typeof commands.regions>;

/** `ntkit regions CASE`: linear regions of the network of a case file, among the samples that it holds. */
export function regionsCommand(path: string, options: Options, signal: AbortSignal): Promise<void> {
  return withBackend(options, (computation) => run(path, options, computation, signal));
}

async function run(
  path: string,
  options: Options,
  { backend, dtype }: Computation,
  signal: AbortSignal,
): Promise<void> {
  const { name, mode, network, batches } = parseBatchesCase((await readBytes('case', path)).bytes, path);
  const setupStart = performance.now();
  const program = await LinearRegionProgram.compile(network, batches[0].shape, { mode, backend, dtype, signal });
  const setupSeconds = secondsSince(setupStart);
  const seconds: number[] = [];
  let counted: LinearRegions | undefined;
  try {
    for (let repeat = 0; repeat < options.repeats; repeat++) {
      const start = performance.now();
      counted = await program.run(batches, { signal });
      seconds.push(secondsSince(start));
    }
  } finally {
    program.dispose();
  }
  const { regions, samples, reluUnits } = counted!;
  if (options.json) {
    const computed = { backend: backend.name, device: backend.device, dtype };
    printJson({ name, mode, ...computed, samples, reluUnits, regions, seconds, setupSeconds });
  } else {
    print(
      `${name}: ${regions} linear regions among ${samples} samples, by ${reluUnits} ReLUs (${mode} mode, ${dtype})`,
    );
  }
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
