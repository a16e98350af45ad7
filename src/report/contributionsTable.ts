import type { Contribution } from '../ntk/index.ts';
import { formatCount } from './numbers.ts';
import { type Column, type TextOptions, textTable } from './textTable.ts';

/**
 * The groups of parameters that give a kernel most, in text: their shares of λmin, of λmax and of the trace.
 *
 * @example
 * const groups = [
 *   { name: 'layers.0', parameters: 96, trace: 3, lambdaMin: 0.2, lambdaMax: 1 },
 *   { name: 'layers.2', parameters: 51, trace: 9, lambdaMin: 0.6, lambdaMax: 4 },
 * ];
 * console.log(contributionsTable(groups));
 * // ┌───────────────┬───────┬─────────┬─────────┬─────────┐
 * // │ parameters of │ count │ of λmin │ of λmax │ of tr Θ │
 * // ├───────────────┼───────┼─────────┼─────────┼─────────┤
 * // │ layers.2      │    51 │  75.0 % │  80.0 % │  75.0 % │
 * // │ layers.0      │    96 │  25.0 % │  20.0 % │  25.0 % │
 * // └───────────────┴───────┴─────────┴─────────┴─────────┘
 */
export function contributionsTable(contributions: readonly Contribution[], options: TextOptions = {}): string {
  const { columns, rows } = contributionCells(contributions);
  return textTable(columns, rows, options);
}

/** The cells of the table, the group that gives λmin most first. */
export function contributionCells(contributions: readonly Contribution[]): { columns: Column[]; rows: string[][] } {
  const total = (of: (each: Contribution) => number) => contributions.reduce((sum, each) => sum + of(each), 0);
  const [least, most, trace] = [
    total(({ lambdaMin }) => lambdaMin),
    total(({ lambdaMax }) => lambdaMax),
    total((each) => each.trace),
  ];
  const share = (part: number, whole: number) => (whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '–');
  const number = { align: 'right' } as const;
  return {
    columns: [
      { head: 'parameters of' },
      { head: 'count', ...number, spare: 1 },
      { head: 'of λmin', ...number },
      { head: 'of λmax', ...number },
      { head: 'of tr Θ', ...number, spare: 2 },
    ],
    rows: contributions
      .toSorted((a, b) => b.lambdaMin - a.lambdaMin)
      .map((each) => [
        each.name,
        formatCount(each.parameters),
        share(each.lambdaMin, least),
        share(each.lambdaMax, most),
        share(each.trace, trace),
      ]),
  };
}
