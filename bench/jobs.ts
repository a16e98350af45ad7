import { readFileSync } from 'node:fs';
import {
  cellNetwork,
  initialize,
  type Mode,
  type Module,
  parseCase,
  parseGenotype,
  TE_NAS_SCHEMES,
} from '../src/nn/index.ts';
import { Generator, type NDArray } from '../src/tensor/index.ts';

/** κ of one network on one batch: the job that is timed. */
export interface Job {
  readonly title: string;
  readonly mode: Mode;
  readonly batch: number;
  readonly targets: Targets;
  readonly network: () => Module;
}

/** The goals of the project: seconds of others over ours. */
export interface Targets {
  /** PyTorch, a backward pass for each sample. */
  readonly torch?: number;
  /** PyTorch's vmap(grad), in eval mode. */
  readonly vmap?: number;
  /** Commit 390836e. */
  readonly commit?: number;
  /** One thread over two; one thread is not timed where this is omitted. */
  readonly oneThread?: number;
}

/** A search by commit 390836e over ours. */
export const SEARCH_TARGET = 1.9;

function fromCase(name: string): Module {
  const path = new URL(`../test/golden/${name}.safetensors`, import.meta.url);
  return parseCase(readFileSync(path), name).network;
}

/** A NAS-Bench-201 network whose cells are 3×3 convolutions throughout: the most that the space has to compute. */
function allThreeByThree(cells: number): Module {
  const conv = (from: number) => `nor_conv_3x3~${from}`;
  const genotype = parseGenotype(`|${conv(0)}|+|${conv(0)}|${conv(1)}|+|${conv(0)}|${conv(1)}|${conv(2)}|`);
  const network = cellNetwork(genotype, { channels: 16, cells, classes: 10, depth: -1, useStem: true });
  initialize(network, TE_NAS_SCHEMES.paper, new Generator(0));
  return network;
}

const supernet = (mode: Mode) => () => fromCase(`nb201-supernet-00-${mode}`);

/** The jobs by name. */
export const jobs: Readonly<Record<string, Job>> = {
  'supernet-72': {
    ...{ title: 'NAS-Bench-201 supernet, C=3, N=1, batch 72, train', mode: 'train', batch: 72 },
    targets: { torch: 4, commit: 2, oneThread: 1.85 },
    network: supernet('train'),
  },
  'supernet-32': {
    ...{ title: 'NAS-Bench-201 supernet, C=3, N=1, batch 32, train', mode: 'train', batch: 32 },
    targets: { torch: 4, commit: 2 },
    network: supernet('train'),
  },
  'supernet-eval': {
    ...{ title: 'NAS-Bench-201 supernet, C=3, N=1, batch 72, eval', mode: 'eval', batch: 72 },
    targets: { torch: 40, vmap: 8 },
    network: supernet('eval'),
  },
  'cell-1': {
    ...{ title: 'Cell network, C=16, N=1, all 3×3, batch 32, train', mode: 'train', batch: 32 },
    targets: { torch: 1.5, commit: 1.3 },
    network: () => allThreeByThree(1),
  },
  'cell-eval': {
    ...{ title: 'Cell network, C=16, N=1, all 3×3, batch 32, eval', mode: 'eval', batch: 32 },
    targets: { vmap: 4 },
    network: () => allThreeByThree(1),
  },
  'cell-5': {
    ...{ title: 'Cell network, C=16, N=5, all 3×3, batch 32, train', mode: 'train', batch: 32 },
    targets: { torch: 1, commit: 1.25, oneThread: 1.85 },
    network: () => allThreeByThree(5),
  },
  darts: {
    ...{ title: 'DARTS supernet, C=1, N=1, depth 2, batch 14, train', mode: 'train', batch: 14 },
    targets: { torch: 4, commit: 1.5 },
    network: () => fromCase('darts-supernet-00-train'),
  },
};

/** A batch of standard normal images of CIFAR-10's size. */
export function imagesOf(batch: number): NDArray {
  return new Generator(0).normals([batch, 3, 32, 32], { dtype: 'float32' });
}
