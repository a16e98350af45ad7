import type { TangentKernel, Verdict } from '../ntk/index.ts';
import { byKappa, type ScoredNetwork } from './model.ts';
import { format, formatCount, formatInterval, formatMean, mean } from './numbers.ts';
import { type Column, type TextOptions, textTable } from './textTable.ts';

const NUMBER = { align: 'right' } as const;

/** Columns of {@link ntkTable}. */
const COLUMNS: readonly Column[] = [
  { head: '', ...NUMBER },
  { head: 'architecture' },
  { head: 'κ', ...NUMBER },
  { head: 'κ between', ...NUMBER, spare: 2 },
  { head: 'λmin', ...NUMBER, spare: 3 },
  { head: 'λmax', ...NUMBER, spare: 3 },
  { head: 'verdict' },
  { head: 'parameters', ...NUMBER, spare: 1 },
];

const SECONDS: Column = { head: 's / κ', ...NUMBER, spare: 4 };

/**
 * A table of networks and their κ in text, the smallest mean κ first. "κ between" is the interval that holds those of all
 * repeats.
 *
 * @param networks each with its kernels, one per repeat
 * @throws InputError when a network has none.
 *
 * @example
 * const ntks = [await computeNtk(network, images)];
 * const [, head] = ntkTable([{ name: '5-16-3', ntks }], { width: 50 }).split('\n');
 * console.log(head); // │   │ architecture │     κ │ verdict  │
 */
export function ntkTable(networks: readonly ScoredNetwork[], options: TextOptions = {}): string {
  const timed = networks.some(({ seconds }) => seconds !== undefined);
  const rows = byKappa(networks).map(({ name, ntks, seconds }, i) => [
    String(i + 1),
    name,
    formatMean(ntks.map(({ kappa }) => kappa)),
    formatInterval(hull(ntks.map(({ kappaInterval }) => kappaInterval))),
    format(mean(ntks.map(({ lambdaMin }) => lambdaMin))),
    format(mean(ntks.map(({ lambdaMax }) => lambdaMax))),
    verdicts(ntks.map(({ verdict }) => verdict)),
    formatCount(ntks[0].parameters.used),
    ...(timed ? [seconds?.toFixed(2) ?? '–'] : []),
  ]);
  return textTable(timed ? [...COLUMNS, SECONDS] : COLUMNS, rows, options);
}

/** The smallest interval that holds all. */
function hull(intervals: readonly (readonly [number, number])[]): [number, number] {
  return [Math.min(...intervals.map(([low]) => low)), Math.max(...intervals.map(([, high]) => high))];
}

/** One word when all repeats agree, else how many say what. */
function verdicts(all: readonly Verdict[]): string {
  const kinds = [...new Set(all)];
  if (kinds.length === 1) return kinds[0];
  return kinds.map((kind) => `${all.filter((verdict) => verdict === kind).length} ${kind}`).join(', ');
}

/**
 * A kernel Θ(x1, x2), which has no eigenvalues, in text: its shape and the range of its entries.
 *
 * @example
 * const kernel = await tangentKernel(network, images, { x2: generator.normals([2, 5]) });
 * const [, head] = kernelTable({ name: '5-16-3', kernel }).split('\n');
 * console.log(head); // │ network │ Θ(x1, x2) │ least │ largest │ parameters │
 */
export function kernelTable(
  { name, kernel, seconds }: { readonly name: string; readonly kernel: TangentKernel; readonly seconds?: number },
  options: TextOptions = {},
): string {
  const { shape, data } = kernel.kernel;
  let [least, largest] = [Infinity, -Infinity];
  for (const entry of data) [least, largest] = [Math.min(least, entry), Math.max(largest, entry)];
  const columns: Column[] = [
    { head: 'network' },
    { head: 'Θ(x1, x2)' },
    { head: 'least', ...NUMBER },
    { head: 'largest', ...NUMBER },
    { head: 'parameters', ...NUMBER, spare: 1 },
    ...(seconds === undefined ? [] : [{ head: 'seconds', ...NUMBER, spare: 2 }]),
  ];
  const row = [name, shape.join(' × '), format(least), format(largest), formatCount(kernel.parameters.used)];
  return textTable(columns, [[...row, ...(seconds === undefined ? [] : [seconds.toFixed(2)])]], options);
}
