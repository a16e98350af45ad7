import { readFile, stat } from 'node:fs/promises';
import type { NamedBytes } from '../data/index.ts';
import { InputError } from '../errors.ts';

/**
 * The content of a file. @throws InputError when it cannot be read; `format` begins the message.
 *
 * @example
 * await writeAtomically(`${folder}/three.bin`, Uint8Array.of(1, 2, 3));
 * const { bytes } = await readBytes('bin', `${folder}/three.bin`);
 * console.log([...bytes]); // [ 1, 2, 3 ]
 */
export async function readBytes(format: string, path: string): Promise<NamedBytes> {
  const { buffer, byteOffset, byteLength } = await attempt(format, path, readWhole(path));
  // A plain Uint8Array: the `slice` of Node's own kind does not copy.
  return { name: path, bytes: new Uint8Array(buffer, byteOffset, byteLength) };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder, expected a file',
  EACCES: 'reading it is not permitted',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than Node reads at once (2 GiB)',
};

/** The content of a file as text. @throws InputError as {@link readBytes} does. */
export async function readText(format: string, path: string): Promise<string> {
  return attempt(
    format,
    path,
    readWhole(path).then((bytes) => bytes.toString('utf8')),
  );
}

/** A pipe ends; a device, as /dev/zero, would be read without end. */
async function readWhole(path: string): Promise<Buffer> {
  if ((await stat(path)).isCharacterDevice()) throw new Error('a device, expected a file');
  return readFile(path);
}

/** Whatever a path does not allow is bad input, and the path is what to say about it. */
export async function attempt<T>(format: string, path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new InputError(`${format} ${path}: cannot be read, ${REASONS[code] ?? code}`);
  }
}
