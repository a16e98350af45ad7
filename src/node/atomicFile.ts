import { open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../tensor/index.ts';

/**
 * Replaces a file's content at once: whoever reads it, after whatever happened to the writer, finds the old content or
 * the new, never a part. A link stays one: what it points to is replaced. A device or a pipe is written to.
 *
 * This is not the package write-file-atomic because that takes one call of write(2) for all: on a device that is nearly
 * full such a call writes a part and says nothing, and a cut file would replace the old one.
 *
 * @throws InputError when the file cannot be written. The old one is as it was then, and nothing else is left.
 *
 * @example
 * await writeAtomically(`${folder}/kappa.txt`, 'κ = 3');
 * const { bytes } = await readBytes('text', `${folder}/kappa.txt`);
 * console.log(new TextDecoder().decode(bytes)); // κ = 3
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const present = await stat(path).catch(() => undefined);
    if (present !== undefined && !present.isFile()) return await writeFile(path, content);
    const target = present === undefined ? path : await realpath(path);
    const draft = `${target}.${process.pid}.tmp`;
    try {
      const file = await open(draft, 'w', present?.mode);
      try {
        await file.writeFile(content); // goes on until all is written, or fails
        await file.sync(); // or the new name could survive a power cut that the content did not
      } finally {
        await file.close();
      }
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await syncFolder(dirname(target));
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
    // A device would be read without end.
    if (!(await stat(path)).isFile()) throw new Error('it is not a file');
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cannot('be read', path, error);
  }
}

/** Reports what the file system does not allow as what it is: bad input, about a path. */
export function cannot(what: string, path: string, error: unknown): InputError {
  return new InputError(
    `${path}: cannot ${what} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`,
  );
}

async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => folder.close());
  } catch {
    // Not every system can: the name then reaches the disk when the system sees fit.
  }
}
