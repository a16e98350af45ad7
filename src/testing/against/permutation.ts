/** A symmetric matrix, and how far its entries may be off: `tolerance · lengths[i] · lengths[j]`. */
export interface Tolerated {
  readonly matrix: Float64Array;
  readonly lengths: Float64Array;
  readonly tolerance: number;
}

/** The most places that are tried. */
const MOST_TRIES = 200_000;

/**
 * The order in which the rows and columns of a matrix make another one: `sent[i, j] = matrix[order[i], order[j]]`. Places
 * that fit by their diagonal and by all numbers of their row are tried one after another; a place that fits no earlier one
 * is taken back.
 *
 * @returns undefined when there is none, or only the order that they have.
 */
export function permutationOf(sent: Float64Array, { matrix, lengths, tolerance }: Tolerated): number[] | undefined {
  const size = lengths.length;
  const near = (a: number, b: number, i: number, j: number) =>
    Math.abs(a - b) <= 4 * tolerance * lengths[i] * lengths[j];
  const longest = lengths.reduce((most, each) => Math.max(most, each), 0);
  const rows = [sent, matrix].map((each) =>
    Array.from({ length: size }, (_, i) => each.slice(i * size, (i + 1) * size).sort()),
  );
  const candidates = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, k) => k).filter((k) => {
      if (!near(sent[i * size + i], matrix[k * size + k], k, k)) return false;
      return rows[0][i].every((value, j) => Math.abs(value - rows[1][k][j]) <= 4 * tolerance * lengths[k] * longest);
    }),
  );
  const order: number[] = [];
  const taken = new Set<number>();
  let tries = 0;
  const place = (i: number): boolean => {
    if (i === size) return true;
    for (const k of candidates[i]) {
      if (taken.has(k) || ++tries > MOST_TRIES) continue;
      if (!order.every((before, j) => near(sent[i * size + j], matrix[k * size + before], k, before))) continue;
      order.push(k);
      taken.add(k);
      if (place(i + 1)) return true;
      order.pop();
      taken.delete(k);
    }
    return false;
  };
  if (!place(0) || order.every((k, i) => k === i)) return undefined;
  return order;
}
