import { oneOf } from '../check.ts';
import { dartsFamily } from './darts.ts';
import type { NetworkFamily } from './family.ts';
import { Fields } from './fields.ts';
import type { Module } from './module.ts';
import { cellFamily, superFamily } from './nasBench201.ts';

/** The super type of a family that names none, as TE-NAS calls it. */
const BASIC = 'basic';

const families: NetworkFamily[] = [cellFamily, superFamily, dartsFamily];

/**
 * Adds a family of networks to {@link buildNetwork}, and so to case files and commands. A family of the same name and super
 * type replaces the earlier one.
 *
 * @example
 * registerNetwork({
 *   name: 'mlp',
 *   build: (fields) => {
 *     const width = fields.integer('width', 1);
 *     return new Sequential(new Linear(5, width), new ReLU(), new Linear(width, 3));
 *   },
 * });
 * const mlp = buildNetwork({ name: 'mlp', width: 64 });
 * console.log(mlp.namedParameters().get('0.weight')!.shape); // [ 64, 5 ]
 */
export function registerNetwork(family: NetworkFamily): void {
  const same = families.findIndex(({ name, superType }) => name === family.name && superType === family.superType);
  if (same >= 0) families.splice(same, 1);
  families.push(family);
}

/**
 * The network that a configuration describes. Its `name` chooses the family, with `super_type` where several share the
 * name (`basic` by default). TE-NAS's are known from the start: `infer.tiny` with `arch_str` is a NAS-Bench-201 cell
 * network; `DARTS-V1` with `space` is a supernet, of DARTS when `super_type` is `nasnet-super` and else of NAS-Bench-201.
 *
 * @param where names the configuration in messages.
 * @param mostOperations the largest network that is built, see {@link Fields.boundOperations}.
 * @throws InputError when a field is missing, not understood, or without effect on the family.
 *
 * @example
 * const cell = WELL_KNOWN_CELLS['ResNet block'];
 * const small = buildNetwork({ name: 'infer.tiny', C: 4, N: 1, num_classes: 10, arch_str: cell });
 * initialize(small, pytorchDefault, generator);
 * console.log((await forward(small, generator.normals([2, 3, 8, 8]))).shape); // [ 2, 10 ]
 */
export function buildNetwork(config: unknown, where = 'config', mostOperations?: number): Module {
  const fields = new Fields(config, where, mostOperations);
  const name = oneOf(`${where}: name`, fields.text('name'), [...new Set(families.map((family) => family.name))]);
  const named = families.filter((family) => family.name === name);
  const superTypes = named.map(({ superType }) => superType ?? BASIC);
  const given = fields.has('super_type') ? fields.text('super_type') : BASIC;
  const superType = oneOf(`${where}: super_type`, given, superTypes);
  const network = named[superTypes.indexOf(superType)].build(fields);
  fields.refuseUnread();
  return network;
}
