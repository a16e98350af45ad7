import { ShapeError } from '../errors.ts';
import { type Shape, formatShape } from './shape.ts';

/**
 * The type of a primitive as a **generalised ufunc**: it is defined on its *core* dimensions, the innermost ones, and
 * maps over all *leading* dimensions, which broadcast. One definition so serves a network on a batch, the same network
 * on N separate batches, and a block of R cotangent rows travelling backwards.
 *
 * (NumPy Enhancement Proposal 5 introduced the notion.)
 */
export interface Signature<A> {
  /** How many innermost dimensions of each operand are core; throws when the number of operands is wrong. */
  coreRanks(attributes: A, operandCount: number): readonly number[];
  /** The core shape of the result; throws a {@link ShapeError} where core shapes or attributes do not fit. */
  inferCore(attributes: A, cores: readonly Shape[]): Shape;
  /** For people: `(n,c,h,w),(k,d,r,s)->(n,k,p,q)`. */
  readonly text: string;
}

/** The attributes of a primitive that has none. */
export type NoAttributes = Readonly<Record<never, never>>;

/** Extents by dimension name. */
export type Extents = Readonly<Record<string, number>>;

/**
 * A signature from its text, e.g. `(m,k),(k,n)->(m,n)`. Dimensions of the same name must have the same extent.
 *
 * @param derive Extents of the dimensions that appear in the result alone, from those of the operands and the
 * attributes. It is also the place to refuse what the names cannot express.
 */
export function named<A>(
  name: string,
  text: string,
  derive: (extents: Extents, attributes: A) => Extents = () => ({}),
): Signature<A> {
  const [left, right] = text.split('->');
  const groups = [...left.matchAll(/\(([^)]*)\)/g)].map((match) => dimensionNames(match[1]));
  const result = dimensionNames(right.replace(/[()]/g, ''));
  const ranks = groups.map((group) => group.length);
  return {
    text,
    coreRanks(_attributes, operandCount) {
      if (operandCount !== ranks.length) {
        throw new ShapeError(`${name}: expected ${ranks.length} operands, got ${operandCount}`);
      }
      return ranks;
    },
    inferCore(attributes, cores) {
      const extents: Record<string, number> = {};
      groups.forEach((group, operand) => {
        group.forEach((dimension, i) => {
          const extent = cores[operand][i];
          const known = extents[dimension];
          if (known !== undefined && known !== extent) {
            throw new ShapeError(
              `${name} ${text}: dimension ${dimension} differs between operands, ` +
                `expected ${known}, got ${extent} in operand ${operand} of core shape ${formatShape(cores[operand])}`,
            );
          }
          extents[dimension] = extent;
        });
      });
      const all: Extents = { ...extents, ...derive(extents, attributes) };
      return result.map((dimension) => all[dimension]);
    },
  };
}

function dimensionNames(list: string): string[] {
  return list.split(',').flatMap((dimension) => (dimension.trim() === '' ? [] : [dimension.trim()]));
}

/** A signature of `n` operands (any number when `undefined`) that works element by element: no dimension is core. */
export function elementwise<A>(name: string, operands: number | undefined): Signature<A> {
  return {
    text: operands === undefined ? '(),…->()' : `${Array<string>(operands).fill('()').join(',')}->()`,
    coreRanks(_attributes, operandCount) {
      if (operandCount === 0 || (operands !== undefined && operandCount !== operands)) {
        throw new ShapeError(`${name}: expected ${operands ?? 'one or more'} operands, got ${operandCount}`);
      }
      return Array<number>(operandCount).fill(0);
    },
    inferCore: () => [],
  };
}
