import type { NDArray } from './array.ts';
import { attributesText, numberText } from './primitives/index.ts';
import { type Tensor, topologicalOrder } from './tensor.ts';

/** What expressions have in common with all others that compute the same from other inputs. */
export interface Structure {
  /** Equal for two graphs exactly when one becomes the other by replacing its inputs. */
  readonly key: string;
  /** The inputs in an order that graphs of equal key share. */
  readonly inputs: readonly Tensor[];
}

/**
 * The structure of expressions: primitives, attributes, shapes and constants, in which inputs are mere places. What is
 * planned and compiled for one graph serves every graph of the same structure.
 */
export function structureOf(outputs: readonly Tensor[]): Structure {
  const numbers = new Map<Tensor, number>();
  const inputs: Tensor[] = [];
  const lines = topologicalOrder(outputs).map((tensor, i) => {
    numbers.set(tensor, i);
    const { op, operands, shape, dtype } = tensor;
    if (op.kind === 'input') {
      inputs.push(tensor);
      return `input ${dtype} ${shape.join()}`;
    }
    if (op.kind === 'constant') return `constant ${dtype} ${shape.join()} ${contentOf(op.value)}`;
    return `${op.primitive} ${attributesText(op.attributes)} ${operands.map((operand) => numbers.get(operand)).join()}`;
  });
  const ends = outputs.map((output) => numbers.get(output)).join();
  return { key: [...lines, ends].join('\n'), inputs };
}

/** Constants up to this size are compared by their numbers, larger ones by identity. */
const LARGEST_TEXT = 256;

const identities = new WeakMap<NDArray['data'], number>();
let nextIdentity = 0;

function contentOf({ data }: NDArray): string {
  if (data.length <= LARGEST_TEXT) return Array.from(data, numberText).join();
  let identity = identities.get(data);
  if (identity === undefined) identities.set(data, (identity = nextIdentity++));
  return `#${identity}`;
}
