import { linearCombination, type Tensor } from '../tensor/index.ts';
import type { Module } from './module.ts';
import type { Parameter } from './parameter.ts';
import type { Trace } from './trace.ts';

/** Operations of at most this weight are skipped, and get no gradient (TE-NAS). */
const LEAST_WEIGHT = 0.01;

/** The architecture parameter of a pruned operation (TE-NAS). */
export const PRUNED_ALPHA = -1000;

/**
 * The names of a supernet's edges, `target<-source`, in the order of the rows of its alphas: TE-NAS numbers them in
 * alphabetical order.
 *
 * @example
 * console.log(sortedEdges(['1<-0', '2<-0', '10<-0'])); // [ '10<-0', '1<-0', '2<-0' ]
 */
export function sortedEdges(edges: Iterable<string>): string[] {
  return [...edges].sort();
}

/** Row `edge` of a matrix of alphas. */
export function alphasOf({ value: { data, shape } }: Parameter, edge: number): number[] {
  return [...data.subarray(edge * shape[1], (edge + 1) * shape[1])];
}

function softmax(alphas: readonly number[]): number[] {
  const most = Math.max(...alphas);
  const exponentials = alphas.map((alpha) => Math.exp(alpha - most));
  const total = exponentials.reduce((a, b) => a + b);
  return exponentials.map((exponential) => exponential / total);
}

/** Σ softmax(α)ₖ · opₖ(x) over the operations of more than the least weight, as the terms of a linear combination. */
export function mixtureTerms(operations: readonly Module[], alphas: readonly number[], x: Tensor, trace: Trace): Terms {
  return softmax(alphas).flatMap((weight, k) =>
    weight > LEAST_WEIGHT ? [[operations[k].apply(x, trace), weight] as const] : [],
  );
}

/** Tensors and their coefficients. */
export type Terms = readonly (readonly [tensor: Tensor, coefficient: number])[];

/** The sum of the terms, or undefined when there is none. */
export function sumOfTerms(terms: Terms): Tensor | undefined {
  if (terms.length === 0) return undefined;
  return linearCombination(
    terms.map(([tensor]) => tensor),
    terms.map(([, coefficient]) => coefficient),
  );
}
