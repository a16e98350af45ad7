import { formatValue } from '../check.ts';
import { InputError } from '../tensor/index.ts';
import { OPERATIONS } from './operations.ts';

/** The most operations of a network that nothing else bounds: more take minutes to build. */
const MOST_OPERATIONS = 100_000;

/**
 * The fields of a configuration, read one by one so that a message can name the field. What a family of networks does not
 * read would change nothing, which its writer cannot have meant: {@link Fields.refuseUnread} refuses it.
 */
export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #where: string;
  readonly #mostOperations: number;
  readonly #read = new Set<string>();

  /** @param mostOperations see {@link Fields.boundOperations}. */
  constructor(config: unknown, where: string, mostOperations = MOST_OPERATIONS) {
    if (typeof config !== 'object' || config === null || Array.isArray(config)) {
      throw new InputError(`${where}: expected an object, got ${formatValue(config)}`);
    }
    this.#fields = config as Record<string, unknown>;
    this.#where = where;
    this.#mostOperations = mostOperations;
  }

  integer(name: string, least: number, fallback?: number): number {
    const value = this.#get(name) ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > 4096) {
      throw this.bad(name, `an integer from ${least} to 4096`, value);
    }
    return value;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.#get(name) ?? fallback;
    if (typeof value !== 'boolean') throw this.bad(name, 'true or false', value);
    return value;
  }

  text(name: string): string {
    const value = this.#get(name);
    if (typeof value !== 'string') throw this.bad(name, 'a string', value);
    return value;
  }

  operations(name: string): readonly string[] {
    const value = this.#get(name);
    if (!Array.isArray(value) || value.length === 0) throw this.bad(name, 'a list of operations', value);
    for (const operation of value as unknown[]) {
      if (!OPERATIONS.includes(operation as string))
        throw this.bad(name, `operations of ${OPERATIONS.join(', ')}`, operation);
    }
    return value as string[];
  }

  /** Whether the configuration has the field. */
  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  /** Lets fields pass that configurations of a family carry, though nothing depends on them. */
  ignore(...names: string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /**
   * Bounds what a network costs to build, before it is built: a few digits in a configuration can ask for millions of
   * operations. A case file may have as many as its tensors account for.
   *
   * @throws InputError when there are more operations than may be.
   */
  boundOperations(count: number): void {
    if (count > this.#mostOperations) {
      throw new InputError(
        `${this.#where}: too large a network, expected at most ${this.#mostOperations} operations on edges, got ${count}`,
      );
    }
  }

  /**
   * Refuses fields that were not read.
   *
   * @throws InputError that names the first of them.
   */
  refuseUnread(): void {
    const unread = Object.keys(this.#fields).find((name) => !this.#read.has(name));
    if (unread !== undefined) {
      throw this.bad(unread, `no such field, only ${[...this.#read].join(', ')}`, this.#fields[unread]);
    }
  }

  #get(name: string): unknown {
    this.#read.add(name);
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  /** The error that a field is not as expected. */
  bad(name: string, expected: string, got: unknown): InputError {
    return new InputError(`${this.#where}: ${name}: expected ${expected}, got ${formatValue(got)}`);
  }
}
