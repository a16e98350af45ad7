import type { NDArray } from '../../tensor/index.ts';
import { largestDifference } from '../arrays.ts';
import type { Measured } from '../law.ts';
import { literal, type Snippet } from '../source.ts';

/** Something that holds or does not. */
export function holds(what: string, truth: boolean): Measured {
  return { what, error: truth ? 0 : Infinity, bound: 0 };
}

/** Two values that are the same, as JSON has them. */
export function same(what: string, got: unknown, due: unknown): Measured {
  const [a, b] = [JSON.stringify(got), JSON.stringify(due)];
  return holds(a === b ? what : `${what}: ${a.slice(0, 80)}, where ${b.slice(0, 80)} is due`, a === b);
}

/** Two numbers. */
export function near(what: string, got: number, due: number, bound: number): Measured {
  return { what, error: got === due ? 0 : Math.abs(got - due), bound };
}

/** Two arrays. */
export function nearArrays(what: string, got: NDArray, due: NDArray, bound: number): Measured {
  const fits = got.shape.join() === due.shape.join();
  return { what: fits ? what : `${what}: its shape`, error: fits ? largestDifference(got, due) : Infinity, bound };
}

/** Code of a case that is plain data. */
export const dataSource = (drawn: unknown): Snippet => ({ imports: {}, expression: literal(drawn) });
