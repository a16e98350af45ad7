import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutant, plant } from './mutant.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What `npm run generate` writes, from sources in src/tensor. */
const GENERATED = ['src/tensor/backends/wasm/generated', 'src/tensor/backends/wasm/assembly/generated'];

/** How a command ended. */
export interface Outcome {
  /** The exit status; undefined where it was ended for taking too long. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of the repository, in which faults are planted: what others read stays as it is. */
export class Copy {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Copies the files that git knows or would take, and what is generated. */
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

  /** The path of a file of the copy. */
  at(path: string): string {
    return join(this.#folder, path);
  }

  /** Runs a script of the copy with Node; it is ended after the given seconds. */
  node(args: readonly string[], seconds: number): Promise<Outcome> {
    return execute(process.execPath, args, this.#folder, seconds);
  }

  /** Does something while a fault is there. */
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

  /** @throws Error when the sources do not compile: such a fault is none that tests must find. */
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
        // None is left.
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
