import type { Scalar, ScalarOp } from './expression.ts';

/** One operation of a {@link Tape}; arguments are the numbers of earlier instructions. */
export interface Instruction {
  readonly op: ScalarOp;
  readonly args: readonly number[];
  readonly value: number;
}

/** An expression as a list of operations, each after its arguments and equal ones once. The last one is the result. */
export type Tape = readonly Instruction[];

/** The operations of an expression, in the order in which they are computed. */
export function tapeOf(expression: Scalar): Tape {
  const tape: Instruction[] = [];
  const known = new Map<string, number>();
  const numbers = new Map<Scalar, number>();
  const visit = (scalar: Scalar): number => {
    let number = numbers.get(scalar);
    if (number !== undefined) return number;
    const { op, value } = scalar;
    const args = scalar.args.map(visit);
    const key = `${op} ${Object.is(value, -0) ? '-0' : value} ${args.join(' ')}`;
    number = known.get(key);
    if (number === undefined) {
      number = tape.push({ op, args, value }) - 1;
      known.set(key, number);
    }
    numbers.set(scalar, number);
    return number;
  };
  visit(expression);
  return tape;
}

/** The same expression with every part that `replace` gives something for replaced by that. Parts that were shared stay so. */
export function rewrite(
  expression: Scalar,
  replace: (part: Scalar, args: readonly Scalar[]) => Scalar | undefined,
): Scalar {
  const done = new Map<Scalar, Scalar>();
  const visit = (part: Scalar): Scalar => {
    let result = done.get(part);
    if (result === undefined) {
      const args = part.args.map(visit);
      const same = args.every((arg, i) => arg === part.args[i]);
      result = replace(part, args) ?? (same ? part : { ...part, args });
      done.set(part, result);
    }
    return result;
  };
  return visit(expression);
}

/** The same expression of other operands. */
export function substitute(expression: Scalar, operands: readonly Scalar[]): Scalar {
  return rewrite(expression, ({ op, value }) => (op === 'operand' ? operands[value] : undefined));
}

/** Operations written out in others, by their arguments and value. */
export type Expansions = { readonly [P in ScalarOp]?: (args: readonly Scalar[], value: number) => Scalar };

/** The same expression, with every operation expanded that has an expansion. */
export function expand(expression: Scalar, expansions: Expansions): Scalar {
  return rewrite(expression, ({ op, value }, args) => {
    const written = expansions[op]?.(args, value);
    return written && expand(written, expansions);
  });
}

/**
 * The largest part of an expression that reads at most a given number of operands, where the whole reads more: cut it off, compute it on
 * its own, and the rest reads one operand in its place.
 */
export function largestPart(expression: Scalar, mostOperands: number): Scalar {
  const reads = new Map<Scalar, ReadonlySet<number>>();
  let best: Scalar | undefined;
  let most = 1;
  const visit = (part: Scalar): ReadonlySet<number> => {
    let set = reads.get(part);
    if (set === undefined) {
      set = new Set(part.op === 'operand' ? [part.value] : part.args.flatMap((arg) => [...visit(arg)]));
      reads.set(part, set);
      if (set.size <= mostOperands && set.size > most) [best, most] = [part, set.size];
    }
    return set;
  };
  visit(expression);
  if (best === undefined)
    throw new RangeError(`expression: expected parts of at most ${mostOperands} operands, got none`);
  return best;
}
