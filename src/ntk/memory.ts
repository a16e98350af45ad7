import { availableBytes } from '../availableMemory.ts';
import { BackendError, type DType, ELEMENT_BYTES } from '../tensor/index.ts';

// What will not fit says so before it starts. A computation that runs out of memory half-way takes the process with it,
// or the machine's other work.

/** What a kernel's rows and products take memory for. */
export interface Sizes {
  /** Rows of J, of both batches where there are two. */
  readonly rows: number;
  /** P */
  readonly columns: number;
  readonly dtype: DType;
  /** Bytes of the kernel and of what it is added up from; 0 where rows alone are computed. */
  readonly kernelBytes?: number;
}

/** The bytes that J and what is computed of it take. */
export function bytesNeeded({ rows, columns, dtype, kernelBytes = 0 }: Sizes): number {
  return rows * columns * ELEMENT_BYTES[dtype] + kernelBytes;
}

/**
 * Makes sure that a computation fits into memory.
 *
 * @param maximumBytes what it may take; by default what the system has left, where it tells: Node does from 20.13 on,
 * pages do not.
 * @throws BackendError when it needs more.
 */
export function checkMemory(sizes: Sizes, maximumBytes = availableBytes()): void {
  const { rows, columns, dtype } = sizes;
  checkBytes(`tangent kernel: ${rows} rows of ${columns} numbers in ${dtype}`, bytesNeeded(sizes), maximumBytes);
}

/**
 * As {@link checkMemory}, of any number of bytes.
 *
 * @param what takes them, for the message.
 * @param remedy what needs less.
 */
export function checkBytes(
  what: string,
  bytes: number,
  maximumBytes = availableBytes(),
  remedy = "fewer samples, outputs 'sum' or fewer parameters need less",
): void {
  if (bytes <= maximumBytes) return;
  throw new BackendError(
    `${what}: expected at most ${gibibytes(maximumBytes)} of memory, got ${gibibytes(bytes)} needed; ${remedy}`,
  );
}

function gibibytes(bytes: number): string {
  return `${bytes} bytes (${(bytes / 2 ** 30).toPrecision(3)} GiB)`;
}
