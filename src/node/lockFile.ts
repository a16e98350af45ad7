import { createHash, randomBytes } from 'node:crypto';
import { link, lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { InputError } from '../tensor/index.ts';
import { cannot, readIfThere } from './atomicFile.ts';

/** A process that holds a lock. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in the kernel's own unit: a number that is used again is not the same process. */
  readonly started: string;
  readonly token: string;
}

/** A living process has the lock. */
class HeldError extends InputError {}

/** The exclusive right to write a file, as long as this process lives. */
export interface Lock {
  /** @throws InputError when someone else has taken the lock, e.g. by removing the file. */
  check(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the lock `path`, a file that names its holder. The lock of a process that is dead is removed, and then taken as
 * any other: of several that try, one succeeds.
 *
 * It tells the dead from the living by their process, not by how old the file is, as the package proper-lockfile does: a
 * process that computes for minutes keeps its lock though it touches no file, and a killed one's is free at once.
 *
 * @param what is locked, for messages.
 * @throws InputError when a living process holds it, or the file cannot be written.
 *
 * @example
 * const lock = await acquireLock(`${folder}/lock`, 'sweep.csv');
 * await lock.check(); // throws when the lock is lost
 * const second = await acquireLock(`${folder}/lock`, 'sweep.csv').catch((error: unknown) => error);
 * console.log(second instanceof InputError); // true
 * await lock.release();
 */
export async function acquireLock(path: string, what: string): Promise<Lock> {
  const token = randomBytes(8).toString('hex');
  const content = JSON.stringify(await thisProcess(token));
  const draft = `${path}.${process.pid}.${token}`;
  try {
    await writeFile(draft, content);
  } catch (error) {
    throw cannot('be written', path, error);
  }
  try {
    // A link appears with its content, or not at all.
    while (!(await linked(draft, path))) await removeStale(path, what);
  } finally {
    await rm(draft, { force: true });
  }
  const isOurs = async () => (await readIfThere(path)) === content;
  return {
    async check() {
      if (!(await isOurs()))
        throw new InputError(`${what}: expected to hold the lock ${path}, but another process took it`);
    },
    async release() {
      if (await isOurs()) await rm(path, { force: true });
    },
  };
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cannot('be locked', path, error);
  }
}

/**
 * Removes the lock of a dead process. Between finding that its holder is dead and removing it, another may have removed
 * it and taken a lock of its own, which must stay. So whoever removes a lock holds a lock for that, whose name is of the
 * content that is to go: under it, what still has that content is the dead lock, and nobody else can remove it. Should
 * its holder be killed meanwhile, that lock is removed in the same way.
 */
async function removeStale(path: string, what: string): Promise<void> {
  const found = await readIfThere(path);
  if (found === undefined) return requireNoLink(path); // released meanwhile
  const holder = parseHolder(found);
  if (holder && (await isAlive(holder))) {
    const where = holder.host === hostname() ? '' : ` on ${holder.host} (if that is dead, remove ${path})`;
    throw new HeldError(`${what}: already being written by process ${holder.pid}${where}`);
  }
  const removal = `${path}.${createHash('sha256').update(found).digest('hex').slice(0, 12)}`;
  let lock: Lock;
  try {
    lock = await acquireLock(removal, removal);
  } catch (error) {
    if (!(error instanceof HeldError)) throw error;
    await new Promise((resolve) => setTimeout(resolve, 5)); // another is at it
    return;
  }
  try {
    if ((await readIfThere(path)) === found) await rm(path, { force: true });
  } finally {
    await lock.release();
  }
}

/** A dangling link exists and cannot be read: waiting for it would never end. */
async function requireNoLink(path: string): Promise<void> {
  const present = await lstat(path).catch(() => undefined);
  if (present?.isSymbolicLink()) throw new InputError(`${path}: expected a lock or no file, got a dangling link`);
}

/** This process as one that holds a lock. */
export async function thisProcess(token: string): Promise<Holder> {
  return { pid: process.pid, host: hostname(), started: await startOf(process.pid), token };
}

/** Who holds a lock, or undefined when the text is no holder. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    return typeof holder?.pid === 'number' && typeof holder.host === 'string' ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process may be there; one of another host may. */
export async function isAlive({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true; // cannot be known from here
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return (await startOf(pid)) === started;
}

/** When a process began, from Linux's /proc; empty where there is none, and for one that is dead but not yet buried. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before may hold anything
    return fields[0] === 'Z' ? '' : fields[19];
  } catch {
    return '';
  }
}
