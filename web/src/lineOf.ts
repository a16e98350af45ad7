import { NtkitError } from 'ntkit/tensor';

/** One line that says what is wrong, for anything that was thrown. */
export function lineOf(error: unknown): string {
  if (error instanceof NtkitError) return error.message;
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  if (error instanceof RangeError) return `not enough memory: ${message}`;
  return (name === 'Error' ? message : `${name}: ${message}`).replace(/\s+/g, ' ');
}

/** Computes in a worker: errors reach the page as one line. */
export async function told<T>(compute: () => T | Promise<T>): Promise<T> {
  try {
    return await compute();
  } catch (error) {
    throw new Error(lineOf(error), { cause: error });
  }
}
