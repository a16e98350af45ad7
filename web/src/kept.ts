/**
 * Values that are made once for each key, and again after a failure.
 *
 * @example
 * const images = new Kept((url: string) => loadSample(url));
 * await images.get('data/cifar10-256.bin'); // fetched by the first call only
 */
export class Kept<K, T> {
  readonly #make: (key: K) => Promise<T>;
  readonly #made = new Map<K, Promise<T>>();

  constructor(make: (key: K) => Promise<T>) {
    this.#make = make;
  }

  /** The value of a key, which is made on first use. */
  get(key: K): Promise<T> {
    const known = this.#made.get(key);
    if (known) return known;
    const made = this.#make(key);
    this.#made.set(key, made);
    made.catch(() => this.#made.get(key) === made && this.#made.delete(key));
    return made;
  }

  /** Drops the value of a key: the next call makes another. */
  forget(key: K): void {
    this.#made.delete(key);
  }
}
