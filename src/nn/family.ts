import type { Fields } from './fields.ts';
import type { Module } from './module.ts';

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
