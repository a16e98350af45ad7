import { allocateShared, BackendError, type DType, ELEMENT_BYTES, type FloatArray } from '../tensor/index.ts';

/** Memory for rows of J, an array for each parameter, which is used again once its rows are given back. */
export class RowStorage {
  readonly #sizes: readonly number[];
  readonly #dtype: DType;
  readonly #lent = new WeakMap<object, readonly FloatArray[]>();
  #free: readonly FloatArray[] | undefined;

  /** @param sizes the numbers of each array. */
  constructor(sizes: readonly number[], dtype: DType) {
    this.#sizes = sizes;
    this.#dtype = dtype;
  }

  /**
   * Memory that is free, or new memory, which threads share where they can.
   *
   * @throws BackendError when the system has no such arrays.
   */
  take(): readonly FloatArray[] {
    const free = this.#free;
    this.#free = undefined;
    if (free) return free;
    try {
      return this.#sizes.map((size) => allocateShared(this.#dtype, size));
    } catch (cause) {
      const most = ELEMENT_BYTES[this.#dtype] * this.#sizes.reduce((a, b) => Math.max(a, b), 0);
      throw new BackendError(
        `tangent kernel: expected arrays of up to ${most} bytes for rows of J, the system has no memory for them; fewer samples need less`,
        { cause },
      );
    }
  }

  /** Notes whose memory it is. */
  lend(owner: object, storage: readonly FloatArray[]): void {
    this.#lent.set(owner, storage);
  }

  /** Takes memory back from its owner; nothing happens for one that owns none. */
  give(owner: object): void {
    this.#free = this.#lent.get(owner) ?? this.#free;
    this.#lent.delete(owner);
  }

  clear(): void {
    this.#free = undefined;
  }
}
