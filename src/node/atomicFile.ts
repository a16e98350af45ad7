import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../tensor/index.ts';

/**
 * Replaces a file's content at once: whoever reads it, after whatever happened to the writer, finds the old content or
 * the new, never a part.
 *
 * @throws InputError when the file cannot be written.
 */
export async function writeAtomically(path: string, content: string): Promise<void> {
  const draft = `${path}.tmp`;
  try {
    const file = await open(draft, 'w');
    try {
      await file.writeFile(content);
      await file.sync(); // or the new name could survive a power cut that the content did not
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw cannot('be written', path, error);
  }
}

/**
 * The content of a file, or undefined when there is none.
 *
 * @throws InputError when there is one that cannot be read.
 */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cannot('be read', path, error);
  }
}

/** Reports what the file system does not allow as what it is: bad input, about a path. */
export function cannot(what: string, path: string, error: unknown): InputError {
  return new InputError(`${path}: cannot ${what} (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
}

async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => folder.close());
  } catch {
    // Not every system can: the name then reaches the disk when the system sees fit.
  }
}
