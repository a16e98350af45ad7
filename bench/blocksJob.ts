import { cellNetwork, initialize, type Mode, type Module, parseGenotype, TE_NAS_SCHEMES } from '../src/nn/index.ts';
import { computeNtk } from '../src/ntk/index.ts';
import { Generator, wasmBackend } from '../src/tensor/index.ts';

/** A NAS-Bench-201 cell network of 8 channels, one cell a stage, with every operation but the zero. */
export function smallCellNetwork(): Module {
  const genotype = parseGenotype(
    '|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|',
  );
  const made = cellNetwork(genotype, { channels: 8, cells: 1, classes: 10, depth: -1, useStem: true });
  initialize(made, TE_NAS_SCHEMES.paper, new Generator(0));
  return made;
}

/** Milliseconds. */
interface Longest {
  /** How long the thread does not reach a timer, because it or the machine is busy. */
  readonly gap: number;
  /** The longest task above 50 ms, which is what browsers report; 0 without one, or in Node. */
  readonly task: number;
}

async function longestBlocks(run: () => Promise<unknown>): Promise<Longest> {
  let [last, gap, task] = [performance.now(), 0, 0];
  const look = () => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) task = Math.max(task, duration);
  });
  if (PerformanceObserver.supportedEntryTypes.includes('longtask')) observer.observe({ entryTypes: ['longtask'] });
  try {
    await run();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { gap, task };
  } finally {
    clearInterval(timer);
    observer.disconnect();
  }
}

/** The blocks of the calling thread in one mode. */
export interface Blocks {
  readonly mode: Mode;
  /** In the first call, in which workers start and the network is traced and compiled, and in the others. */
  readonly longest: readonly Longest[];
  readonly seconds: readonly number[];
}

/** Blocks of the calling thread while κ of a batch is computed by wasm on two threads, in both modes. */
export async function measureBlocks(samples: number, modes: readonly Mode[], calls: number): Promise<Blocks[]> {
  const x = new Generator(1).normals([samples, 3, 32, 32], { dtype: 'float32' });
  const results: Blocks[] = [];
  for (const mode of modes) {
    const module = smallCellNetwork();
    const backend = wasmBackend({ threads: 2 });
    const longest: Longest[] = [];
    const seconds: number[] = [];
    for (let call = 0; call < calls; call++) {
      const start = performance.now();
      longest.push(await longestBlocks(() => computeNtk(module, x, { mode, backend })));
      seconds.push((performance.now() - start) / 1000);
    }
    await backend.close();
    results.push({ mode, longest, seconds });
  }
  return results;
}
