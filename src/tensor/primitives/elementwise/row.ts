import { operand, type Scalar } from '../../scalar/index.ts';
import { elementwise, type NoAttributes } from '../../signature.ts';
import { applyDefinition, type Attributes, type Definition, type PrimitiveName, type Tensor } from '../node.ts';

/** Where a function may be tried, for tests that draw operands. */
export interface Domain<A> {
  /** The range of the operands, −2 to 2 where none is given. */
  readonly from?: number;
  readonly to?: number;
  /** Where the function, of its last operand, has no derivative or none that is the same from both sides. */
  readonly kinks?: (attributes: A) => readonly number[];
  /** The function has no derivative where two operands are equal. */
  readonly apart?: boolean;
  /** Operands that are 0 or 1, and that the function does not change smoothly with. */
  readonly flags?: readonly number[];
  /** Attributes to try. */
  readonly examples: readonly A[];
}

/** An element-wise primitive: everything about it but its derivative, which is a row of the rules. */
export interface Row<A> extends Domain<A> {
  /** How many operands it has; any number from 1 on where undefined. */
  readonly operands: number | undefined;
  /** Its value. Every backend renders this one expression. */
  readonly expression: (operands: readonly Scalar[], attributes: A) => Scalar;
}

/** The examples may be left out where there are no attributes to try. */
type Options<A> = NoAttributes extends A ? Partial<Domain<A>> : Domain<A>;

/** A row of a function of one operand. */
export function unary<A = NoAttributes>(
  expression: (x: Scalar, attributes: A) => Scalar,
  ...[options]: NoAttributes extends A ? [options?: Options<A>] : [options: Options<A>]
): Row<A> {
  return row(1, ([x], attributes) => expression(x, attributes), options);
}

/** A row of a function of two operands. */
export function binary(
  expression: (a: Scalar, b: Scalar) => Scalar,
  options: Partial<Domain<NoAttributes>> = {},
): Row<NoAttributes> {
  return row(2, ([a, b]) => expression(a, b), options);
}

/** A row of a function of any number of operands. */
export function row<A = NoAttributes>(
  operands: number | undefined,
  expression: Row<A>['expression'],
  options?: Partial<Domain<A>>,
): Row<A> {
  return { operands, expression, examples: [{} as A], ...options };
}

/** The attributes of the primitives of a table. */
export type AttributesOf<R> = { [P in keyof R]: R[P] extends Row<infer A> ? A : never };

/** The types of the primitives of a table. */
export function definitionsOf<R extends object>(rows: R): { [P in keyof R]: Definition<AttributesOf<R>[P]> } {
  const definitions = Object.entries(rows).map(([name, { operands }]: [string, Row<unknown>]) => {
    return [name, { signature: elementwise(name, operands) }];
  });
  return Object.fromEntries(definitions) as { [P in keyof R]: Definition<AttributesOf<R>[P]> };
}

/** What applies the primitives of a table. */
export function applyOf<R extends object>(rows: R) {
  const definitions = definitionsOf(rows) as Record<PrimitiveName, Definition<unknown>>;
  return <P extends keyof R & PrimitiveName>(
    primitive: P,
    operands: readonly Tensor[],
    attributes: AttributesOf<R>[P] & Attributes[P],
  ): Tensor => applyDefinition(primitive, definitions[primitive], operands, attributes);
}

/** The expression of a row for a number of operands. */
export function expressionOf<A>({ expression }: Row<A>, attributes: A, count: number): Scalar {
  return expression(
    Array.from({ length: count }, (_, i) => operand(i)),
    attributes,
  );
}
