import { InputError } from '../tensor/index.ts';
import { OPERATIONS } from './operations.ts';

/** The fields of a configuration, read one by one so that a message can name the field. */
export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(config: unknown, where: string) {
    if (typeof config !== 'object' || config === null || Array.isArray(config)) {
      throw new InputError(`${where}: expected an object, got ${JSON.stringify(config)}`);
    }
    this.#fields = config as Record<string, unknown>;
    this.#where = where;
  }

  integer(name: string, least: number, fallback?: number): number {
    const value = this.#fields[name] ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > 4096) {
      throw this.bad(name, `an integer from ${least} to 4096`, value);
    }
    return value;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.#fields[name] ?? fallback;
    if (typeof value !== 'boolean') throw this.bad(name, 'true or false', value);
    return value;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== 'string') throw this.bad(name, 'a string', value);
    return value;
  }

  operations(name: string): readonly string[] {
    const value = this.#fields[name];
    if (!Array.isArray(value) || value.length === 0) throw this.bad(name, 'a list of operations', value);
    for (const operation of value as unknown[]) {
      if (!OPERATIONS.includes(operation as string))
        throw this.bad(name, `operations of ${OPERATIONS.join(', ')}`, operation);
    }
    return value as string[];
  }

  /** Whether the configuration has the field. */
  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  /** The error that a field is not as expected. */
  bad(name: string, expected: string, got: unknown): InputError {
    return new InputError(`${this.#where}: ${name}: expected ${expected}, got ${JSON.stringify(got)}`);
  }
}
