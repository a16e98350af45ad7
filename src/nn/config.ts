import { InputError } from '../tensor/index.ts';
import { DartsNetwork } from './darts.ts';
import { parseGenotype } from './genotype.ts';
import type { Module } from './module.ts';
import { cellNetwork, superNetwork } from './nasBench201.ts';
import { OPERATIONS } from './operations.ts';

/** The fields of a configuration, read one by one so that a message can name the field. */
class Fields {
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
      throw this.#bad(name, `an integer from ${least} to 4096`, value);
    }
    return value;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.#fields[name] ?? fallback;
    if (typeof value !== 'boolean') throw this.#bad(name, 'true or false', value);
    return value;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== 'string') throw this.#bad(name, 'a string', value);
    return value;
  }

  operations(name: string): readonly string[] {
    const value = this.#fields[name];
    if (!Array.isArray(value) || value.length === 0) throw this.#bad(name, 'a list of operations', value);
    for (const operation of value as unknown[]) {
      if (!OPERATIONS.includes(operation as string))
        throw this.#bad(name, `operations of ${OPERATIONS.join(', ')}`, operation);
    }
    return value as string[];
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  #bad(name: string, expected: string, got: unknown): InputError {
    return new InputError(`${this.#where}: ${name}: expected ${expected}, got ${JSON.stringify(got)}`);
  }
}

/**
 * The network that a TE-NAS model configuration describes: `infer.tiny` with `arch_str` is a NAS-Bench-201 cell network;
 * `DARTS-V1` with `space` is a supernet, of DARTS when `super_type` is `nasnet-super` and else of NAS-Bench-201.
 *
 * @param where names the configuration in messages.
 * @throws InputError when a field is missing or not understood.
 */
export function buildNetwork(config: unknown, where = 'config'): Module {
  const fields = new Fields(config, where);
  const name = fields.text('name');
  const common = {
    channels: fields.integer('C', 1),
    cells: fields.integer('N', 0),
    classes: fields.integer('num_classes', 1),
    depth: fields.integer('depth', -1, -1),
    useStem: fields.boolean('use_stem', true),
  };
  if (!fields.boolean('affine', true) || !fields.boolean('track_running_stats', true)) {
    throw new InputError(`${where}: expected affine and track_running_stats to be true, got false`);
  }
  if (name === 'infer.tiny') return cellNetwork(parseGenotype(fields.text('arch_str')), common);
  if (name !== 'DARTS-V1') {
    throw new InputError(`${where}: name: expected "infer.tiny" or "DARTS-V1", got ${JSON.stringify(name)}`);
  }
  const space = fields.operations('space');
  if (fields.has('super_type') && fields.text('super_type') === 'nasnet-super') {
    return new DartsNetwork({
      ...common,
      space,
      stemMultiplier: fields.integer('stem_multiplier', 1),
      steps: fields.integer('steps', 1),
      multiplier: fields.integer('multiplier', 1),
    });
  }
  return superNetwork(space, fields.integer('max_nodes', 2), common);
}
