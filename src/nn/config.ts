import { oneOf } from '../check.ts';
import { dartsFamily } from './darts.ts';
import { Fields } from './fields.ts';
import type { Module } from './module.ts';
import { cellFamily, superFamily } from './nasBench201.ts';

/** A kind of network that a configuration can name. */
export interface NetworkFamily {
  /** The field `name` of its configurations. */
  readonly name: string;
  /** The field `super_type`, where it tells families of one name apart. */
  readonly superType?: string;
  /**
   * The network that a configuration describes, without values of its parameters.
   *
   * @throws InputError when a field is missing or not understood.
   */
  build(fields: Fields): Module;
}

const families: NetworkFamily[] = [cellFamily, superFamily, dartsFamily];

/**
 * Makes {@link buildNetwork}, and with it every case file and command, know a family of networks. A family of the same name
 * and super type takes the place of the one before.
 *
 * @example
 *     registerNetwork({ name: 'mlp', build: (fields) => mlp(fields.integer('width', 1)) });
 */
export function registerNetwork(family: NetworkFamily): void {
  const same = families.findIndex(({ name, superType }) => name === family.name && superType === family.superType);
  if (same >= 0) families.splice(same, 1);
  families.push(family);
}

/**
 * The network that a configuration describes. Its `name` chooses the family, with `super_type` where several share the
 * name. TE-NAS's are known from the start: `infer.tiny` with `arch_str` is a NAS-Bench-201 cell network; `DARTS-V1` with
 * `space` is a supernet, of DARTS when `super_type` is `nasnet-super` and else of NAS-Bench-201.
 *
 * @param where names the configuration in messages.
 * @throws InputError when a field is missing or not understood.
 */
export function buildNetwork(config: unknown, where = 'config'): Module {
  const fields = new Fields(config, where);
  const name = oneOf(`${where}: name`, fields.text('name'), [...new Set(families.map((family) => family.name))]);
  const superType = fields.has('super_type') ? fields.text('super_type') : undefined;
  const named = families.filter((family) => family.name === name);
  const family = named.find((each) => each.superType === superType) ?? named.find((each) => !each.superType);
  return (family ?? named[0]).build(fields);
}
