import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutant, plant } from './mutant.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What `npm run generate` writes, from sources in src/tensor. */
const GENERATED = ['src/tensor/backends/wasm/generated', 'src/tensor/backends/wasm/assembly/generated'];

/** The outcome of a command. */
export interface Outcome {
  /** The exit status; undefined after a timeout. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of the repository, in which faults are planted: the repository itself does not change. */
export class Copy {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Copies the files that git tracks or would add, and the generated ones. */
  static async make(): Promise<Copy> {
    const copy = new Copy(await mkdtemp(join(tmpdir(), 'ntkit-mutants-')));
    const { stdout } = await execute('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], root);
    for (const path of [...stdout.split('\0').filter(Boolean), ...GENERATED]) {
      await mkdir(dirname(copy.at(path)), { recursive: true });
      await cp(join(root, path), copy.at(path), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), copy.at('node_modules'));
    await copy.#generate();
    return copy;
  }

  /** The path of a file in the copy. */
  at(path: string): string {
    return join(this.#folder, path);
  }

  /** Runs a script of the copy with Node; it is ended after the given seconds. */
  node(args: readonly string[], seconds: number): Promise<Outcome> {
    return execute(process.execPath, args, this.#folder, seconds);
  }

  /** Runs a function while a fault is planted. */
  async with<T>(mutant: Mutant, act: () => Promise<T>): Promise<T> {
    const path = this.at(mutant.file);
    const source = await readFile(path, 'utf8');
    const generates = mutant.file.startsWith('src/tensor/');
    const kept = await Promise.all(generates ? GENERATED.map((folder) => this.#keep(folder)) : []);
    await writeFile(path, plant(source, mutant));
    try {
      if (generates) await this.#generate();
      return await act();
    } finally {
      await writeFile(path, source);
      for (const restore of kept) await restore();
    }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Keeps a folder; what is returned brings it back. Compiling takes seconds. */
  async #keep(folder: string): Promise<() => Promise<void>> {
    const kept = this.at(`${folder}.kept`);
    await cp(this.at(folder), kept, { recursive: true });
    return async () => {
      await rm(this.at(folder), { recursive: true });
      await cp(kept, this.at(folder), { recursive: true });
      await rm(kept, { recursive: true });
    };
  }

  /** @throws Error when the sources do not compile: the tests need not find such a fault. */
  async #generate(): Promise<void> {
    const { status, stderr } = await this.node([this.at('node_modules/tsx/dist/cli.mjs'), 'scripts/generate.ts'], 120);
    if (status !== 0) throw new Error(`npm run generate: expected exit status 0, got ${status}: ${stderr}`);
  }
}

/** Runs a command in a group of processes, all of which end with it. */
function execute(command: string, args: readonly string[], cwd: string, seconds = 60): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => void (said[stream] += text));
    }
    const endAll = () => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // No process is left.
      }
    };
    const timer = setTimeout(endAll, 1000 * seconds);
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      endAll();
      resolve({ status: status ?? undefined, ...said });
    });
  });
}
