import { execFileSync } from 'node:child_process';
import { realpathSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { atExit, here, run, temporaryFolder } from './process.ts';

// This working tree, and trees of older commits, whose own benchmark runs the same jobs.

/** A tree that is ready to run. */
export interface Checkout {
  readonly name: string;
  readonly root: string;
  /** The jobs of its benchmark. */
  readonly jobs: ReadonlySet<string>;
}

/** The output of a process of `worker.ts`, or of `torch_ntk.py`. */
export interface Timing {
  /** Of each repeat. */
  readonly seconds: readonly number[];
  /** The same of PyTorch's vmap(grad), in eval mode. */
  readonly vmapSeconds?: readonly number[];
  readonly kappa: number;
  readonly peakBytes?: number;
}

const root = here('..');
const git = (...args: string[]) => ['-C', root, ...args];
const modules = realpathSync(join(root, 'node_modules'));
const tsx = join(modules, 'tsx/dist/cli.mjs');

/** The output of a TypeScript program of a tree. */
const runIn = (tree: string, ...args: string[]) => run(process.execPath, [tsx, ...args], { cwd: tree });

async function described(name: string, tree: string): Promise<Checkout> {
  const program = `import('./bench/jobs.ts').then(({ jobs }) => console.log(JSON.stringify(Object.keys(jobs))))`;
  return { name, root: tree, jobs: new Set(JSON.parse(await runIn(tree, '--eval', program)) as string[]) };
}

/** The tree that this file belongs to. */
export const thisCheckout = (): Promise<Checkout> => described('this tree', root);

/**
 * The tree of a commit, in a temporary folder that is deleted with this process. It uses this tree's packages, and
 * generates its own code.
 */
export async function checkOut(commit: string): Promise<Checkout> {
  const short = await run('git', git('rev-parse', '--short', '--verify', `${commit}^{commit}`)).then(
    (text) => text.trim(),
    () => Promise.reject(new Error(`--commit: expected a commit of ${root}, got ${commit}`)),
  );
  const tree = join(temporaryFolder('ntkit-commit-'), short);
  const link = join(tree, 'node_modules');
  atExit(() => {
    try {
      unlinkSync(link); // the packages of this tree
    } catch {
      // not linked yet
    }
    try {
      execFileSync('git', git('worktree', 'remove', '--force', '--force', tree), { stdio: 'ignore' });
    } catch {
      // not added yet
    }
  });
  await run('git', git('worktree', 'add', '--detach', tree, short));
  symlinkSync(modules, link);
  await run('npm', ['run', '-s', 'generate'], { cwd: tree });
  return described(short, tree);
}

/** κ of one job, computed in a process of its own. */
export async function timeKappa(
  { root: tree }: Checkout,
  job: { name: string; backend: 'wasm' | 'reference'; threads: number; batch: number; repeats?: number },
): Promise<Timing> {
  const { name, backend, threads, batch, repeats = 2 } = job;
  const args = [name, backend, threads, repeats, batch].map(String);
  return JSON.parse(await runIn(tree, 'bench/worker.ts', ...args)) as Timing;
}

/** A whole search of NAS-Bench-201, from the start of its process to the end. */
export interface SearchTiming {
  readonly seconds: number;
  readonly genotype: string;
}

/** TE-NAS's search with both criteria, in which the candidates of a round see the same weights and images. */
export async function timeSearch({ root: tree }: Checkout, threads: number): Promise<SearchTiming> {
  const options = [
    '--space',
    'nas-bench-201',
    '--data',
    'sample-1000',
    '--criteria',
    'both',
    '--paired',
    '--seed',
    '0',
  ];
  const start = performance.now();
  const text = await runIn(tree, 'src/cli/main.ts', 'search', ...options, '--threads', String(threads), '--json');
  const seconds = (performance.now() - start) / 1000;
  return { seconds, genotype: (JSON.parse(text) as { genotype: string }).genotype };
}
