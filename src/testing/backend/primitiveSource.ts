import type { PrimitiveCase } from '../arbitraries/primitives.ts';
import { arrayLiteral, literal, type Snippet } from '../source.ts';

/** Code that makes a case of a primitive. */
export function sourceOfCase({ primitive, attributes, operands }: PrimitiveCase): Snippet {
  return {
    imports: { 'ntkit/tensor': ['ndarray'], 'ntkit/testing': ['primitiveCase'] },
    lines: [`const operands = [`, ...operands.map((operand) => `  ${arrayLiteral(operand)},`), `];`],
    expression: `primitiveCase(${literal(primitive)}, ${literal(attributes)}, operands)`,
  };
}
