import { type AttributeProto, AttributeProto_AttributeType as Type } from 'onnx-buf';
import { InputError } from '../tensor/index.ts';
import { readArray } from './arrays.ts';
import { meant } from './meant.ts';
import type { Attributes, ExternalData, OnnxArray } from './model.ts';

/** The attributes of a node. */
export class NodeAttributes implements Attributes {
  readonly #byName: ReadonlyMap<string, AttributeProto>;
  readonly #where: string;
  readonly #external: ExternalData;

  /** @param where names the node in messages. */
  constructor(attributes: readonly AttributeProto[], where: string, external: ExternalData) {
    this.#byName = new Map(attributes.map((attribute) => [attribute.name, attribute]));
    this.#where = where;
    this.#external = external;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** @throws InputError when the attribute is of another type; so do the others. */
  int(name: string): number | undefined;
  int(name: string, otherwise: number): number;
  int(name: string, otherwise?: number): number | undefined {
    const attribute = this.#of(name, Type.INT, 'an integer');
    return attribute ? Number(attribute.i) : otherwise;
  }

  /** The number that was {@link meant}. */
  float(name: string, otherwise: number): number {
    const attribute = this.#of(name, Type.FLOAT, 'a number');
    return attribute ? meant(attribute.f) : otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    return this.#of(name, Type.INTS, 'integers')?.ints.map(Number);
  }

  floats(name: string): readonly number[] | undefined {
    return this.#of(name, Type.FLOATS, 'numbers')?.floats;
  }

  string(name: string, otherwise: string): string {
    const attribute = this.#of(name, Type.STRING, 'a text');
    return attribute ? new TextDecoder().decode(attribute.s) : otherwise;
  }

  array(name: string): OnnxArray | undefined {
    const attribute = this.#of(name, Type.TENSOR, 'a tensor');
    return attribute?.t && readArray(attribute.t, `${this.#where}: ${name}`, this.#external);
  }

  #of(name: string, type: Type, expected: string): AttributeProto | undefined {
    const attribute = this.#byName.get(name);
    if (attribute !== undefined && attribute.type !== type) {
      throw new InputError(
        `${this.#where}: attribute ${name}: expected ${expected}, got ${Type[attribute.type] ?? 'none'}`,
      );
    }
    return attribute;
  }
}
