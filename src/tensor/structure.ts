import type { NDArray } from './array.ts';
import { attributesText, numberText } from './primitives/index.ts';
import { type Tensor, topologicalOrder } from './tensor.ts';

/** What expressions have in common with all others that compute the same from other inputs. */
export interface Structure {
  /** Equal for two graphs when one becomes the other by replacing its inputs, up to the hashes of large constants. */
  readonly key: string;
  /** The inputs in an order that graphs of equal key share. */
  readonly inputs: readonly Tensor[];
  /** The constants, likewise. */
  readonly constants: readonly NDArray[];
}

/**
 * The structure of expressions: primitives, attributes, shapes and constants, in which inputs are mere places. What is
 * planned and compiled for one graph serves every graph of the same structure.
 *
 * @example
 * const twice = (name: string) => structureOf([scale(input(name, [2]), 2)]);
 * console.log(twice('x').key === twice('y').key, twice('x').inputs.map(String)); // true [ 'x float64[2]' ]
 */
export function structureOf(outputs: readonly Tensor[]): Structure {
  const numbers = new Map<Tensor, number>();
  const inputs: Tensor[] = [];
  const constants: NDArray[] = [];
  const lines = topologicalOrder(outputs).map((tensor, i) => {
    numbers.set(tensor, i);
    const { op, operands, shape, dtype } = tensor;
    if (op.kind === 'input') {
      inputs.push(tensor);
      return `input ${dtype} ${shape.join()}`;
    }
    if (op.kind === 'constant') {
      constants.push(op.value);
      return `constant ${dtype} ${shape.join()} ${contentOf(op.value)}`;
    }
    return `${op.primitive} ${attributesText(op.attributes)} ${operands.map((operand) => numbers.get(operand)).join()}`;
  });
  const ends = outputs.map((output) => numbers.get(output)).join();
  return { key: [...lines, ends].join('\n'), inputs, constants };
}

/** Constants up to this size are written out; larger ones are hashed, and compared where it matters. */
const LARGEST_TEXT = 256;

function contentOf({ data }: NDArray): string {
  return data.length <= LARGEST_TEXT ? Array.from(data, numberText).join() : hashOf(data);
}

/** Two 32-bit hashes of the bytes (FNV-1a and a multiplicative one), as text. */
function hashOf({ buffer, byteOffset, byteLength }: NDArray['data']): string {
  const words = new Uint32Array(buffer, byteOffset, byteLength / 4);
  let a = 0x811c9dc5;
  let b = 1;
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b, 31) + word;
  }
  return `#${a >>> 0} ${b >>> 0}`;
}
