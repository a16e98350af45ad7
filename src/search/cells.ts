import { formatValue } from '../check.ts';
import { type Genotype, NAS_BENCH_201_SPACE } from '../nn/index.ts';
import { Generator, InputError } from '../tensor/index.ts';
import { CELL_COUNT, EDGES } from './constants.ts';

/**
 * Cell `index` of all 15,625: its digits to base 5 are the operations of its edges, the first edge's foremost.
 *
 * @throws InputError when there is no such cell.
 *
 * @example
 * console.log(formatGenotype(cellAt(1))); // |none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|
 */
export function cellAt(index: number): Genotype {
  if (!Number.isInteger(index) || index < 0 || index >= CELL_COUNT) {
    throw new InputError(`cell: expected an index from 0 to ${CELL_COUNT - 1}, got ${formatValue(index)}`);
  }
  const digits = [...index.toString(NAS_BENCH_201_SPACE.length).padStart(EDGES, '0')].map(Number);
  const ops = digits.map((digit) => NAS_BENCH_201_SPACE[digit]);
  return [ops.slice(0, 1), ops.slice(1, 3), ops.slice(3, 6)];
}

/**
 * `count` distinct random cells of NAS-Bench-201; a larger count extends the list.
 *
 * @example
 * console.log(randomCells(3, 0).map(cellDigits)); // [ '021020', '222304', '314244' ]
 */
export function randomCells(count: number, seed: number): Genotype[] {
  const order = new Generator(seed).fork('cells').permutation(CELL_COUNT);
  return Array.from(order.subarray(0, count), cellAt);
}

/**
 * The operations of a cell's edges as digits, `none` 0 to `avg_pool_3x3` 4.
 *
 * @example
 * console.log(cellDigits(cellAt(1)), cellDigits(cellAt(5))); // 000001 000010
 */
export function cellDigits(cell: Genotype): string {
  return cell
    .flat()
    .map((op) => (NAS_BENCH_201_SPACE as readonly string[]).indexOf(op))
    .join('');
}

/**
 * What a cell computes, as text: cells of equal text are the same function of their weights. An edge of `none`, or from a
 * node into which nothing else leads, is `#`; a skip connection is what it comes from; sums are sorted by their text.
 *
 * This is NAS-Bench-201's own notion of isomorphism (Dong & Yang 2020), by which its 15,625 cells are 6,466, and its own
 * form, on which the order of the terms depends. It does not see all: that # + # is #, or that (a + b) + c is a + (b + c)
 * wherever sorting parts them. What it calls equal is equal.
 *
 * @example
 * const [a, b] = ['|skip_connect~0|+|none~0|nor_conv_3x3~1|', '|none~0|+|nor_conv_3x3~0|none~1|'].map((start) =>
 *   canonicalForm(parseGenotype(`${start}+|none~0|none~1|skip_connect~2|`)),
 * );
 * console.log(a === b, a); // true #+#+#+(0)@nor_conv_3x3
 */
export function canonicalForm(cell: Genotype): string {
  const nodes = ['0'];
  for (const edges of cell) {
    const terms = edges.map((op, from) => {
      if (op === 'none' || nodes[from] === '#') return '#';
      return op === 'skip_connect' ? nodes[from] : `(${nodes[from]})@${op}`;
    });
    nodes.push(terms.sort().join('+'));
  }
  return nodes[nodes.length - 1];
}

let representatives: ReadonlyMap<string, number> | undefined;

/**
 * The first cell, by index, of those that compute the same.
 *
 * @example
 * const cell = cellAt(5); // its last edge but one, a skip connection from a node into which nothing leads
 * console.log(cellDigits(cell), cellDigits(representativeOf(cell))); // 000010 000000
 */
export function representativeOf(cell: Genotype): Genotype {
  representatives ??= firstOfEach();
  return cellAt(representatives.get(canonicalForm(cell))!);
}

function firstOfEach(): Map<string, number> {
  const first = new Map<string, number>();
  for (let index = CELL_COUNT - 1; index >= 0; index--) first.set(canonicalForm(cellAt(index)), index);
  return first;
}
