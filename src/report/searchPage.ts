import {
  BENCHMARK_DATASETS,
  type CandidateHistory,
  type CellAccuracy,
  countOperations,
  type FinishedRound,
  historyOf,
  type RoundHistory,
  type Search,
  type SearchSpace,
} from '../search/index.ts';
import { drawCell, operationLegend } from './cell.ts';
import { format, mean } from './numbers.ts';
import { escape, htmlTable, renderPage } from './page.ts';
import { loadPlotter, type Plotter } from './plotter.ts';
import { type SearchResult, searchResult } from './searchResult.ts';
import { divergingColor } from './style.ts';

/** What the page of a search shows. */
export interface SearchReport {
  readonly search: Search;
  /** What the search ran on. */
  readonly device: string;
  /** True accuracies of the cell, where a benchmark has them. */
  readonly accuracy?: CellAccuracy | undefined;
}

/**
 * The page of a search: what was found, how the cell shrank, and every round's scores.
 *
 * @example
 * const [search, all] = [new Search(settings), [{ regions: 100 }]];
 * for (; search.next; search.record(search.next.choice ? { after: all } : { before: all })); // as if all were alike
 * const html = await searchPage({ search, device: 'nothing was computed' });
 * console.log(html.slice(0, 15)); // <!doctype html>
 */
export async function searchPage({ search, device, accuracy }: SearchReport): Promise<string> {
  const { settings, space, finished } = search;
  const history = historyOf(search);
  const result = searchResult(search, accuracy);
  const plotter = await loadPlotter();
  return renderPage({
    title: `Pruning search of ${space.name}`,
    settings: [
      ['space', space.name],
      ['fidelity', settings.fidelity],
      ['criteria', settings.criteria === 'both' ? 'κ and linear regions' : settings.criteria],
      ['comparison', settings.paired ? 'paired' : 'a draw for each candidate'],
      ['data', settings.data],
      ['batch of a κ', `${settings.batchSize} images`],
      ['samples of a count', `${settings.regions.batches} × ${settings.regions.samples}`],
      ['repeats', String(settings.repeats)],
      ['seed', String(settings.seed)],
      ['backend', `${settings.backend} (${device}), ${settings.dtype}`],
    ],
    introduction: `<p>The search begins with a network whose every edge mixes all operations. In each round it tries what happens
without each of them: whether the condition number κ of the neural tangent kernel falls, which promises a network that trains
more easily, and how many linear regions are left, which says how much the network can express. Candidates are ranked by both,
and what is missed least goes (TE-NAS; Chen, Gong &amp; Wang 2021).</p>`,
    body: `<h2>Found</h2>
${resultCard(search, result)}
<h2>How the cell shrank</h2>
<div class="card">${operationLegend(space)}<div class="strip">${shrinking(search)}</div></div>
<h2>Rounds</h2>
${finished.map((round, i) => roundCard(plotter, space, round, history[i])).join('\n')}`,
  });
}

function resultCard({ space, mask }: Search, { genotype, accuracy, unresolved }: SearchResult): string {
  const truth = accuracy
    ? htmlTable(
        [{ head: `NAS-Bench-201 cell ${accuracy.index}` }, { head: 'test accuracy', number: true }],
        BENCHMARK_DATASETS.map((name) => [name, `${accuracy[name].toFixed(2)} %`]),
      )
    : '';
  const doubt =
    unresolved > 0
      ? `<p class="small quiet">${unresolved} of the measured κ are not resolved: λmin is lost in rounding.</p>`
      : '';
  const cells = mask.map((edges, cell) => cellFigure(space, edges, cell, cellName(space, cell)));
  return `<div class="card"><code>${escape(genotype)}</code>
${operationLegend(space).replace('class="legend"', 'class="legend" style="margin-top:16px"')}<div class="strip">${cells.join('')}</div>${truth}${doubt}</div>`;
}

function cellName(space: SearchSpace, cell: number): string {
  return space.cells.length === 1 ? '' : `${space.cells[cell]} cell`;
}

function cellFigure(space: SearchSpace, edges: readonly (readonly boolean[])[], cell: number, caption: string): string {
  return `<figure>${caption === '' ? '' : `<figcaption>${caption}</figcaption>`}${drawCell(space, edges, { cell })}</figure>`;
}

/** The cell before the search and after each of its larger steps: rounds on operations, and all rounds on edges. */
function shrinking({ space, finished, mask }: Search): string {
  const steps = [
    ...finished
      .filter(({ round }, i) => round.phase === 'operations' || finished[i - 1]?.round.phase === 'operations')
      .map(({ round }, i) => ({ mask: round.mask, caption: i === 0 ? 'at first' : `after round ${i}` })),
    { mask, caption: 'found' },
  ];
  return steps
    .flatMap(({ mask: present, caption }) =>
      present.map((edges, cell) => {
        const name = cellName(space, cell);
        const text = `${caption}${name === '' ? '' : `, ${name}`}: ${countOperations([edges])} operations`;
        return `<figure><figcaption>${text}</figcaption>${drawCell(space, edges, { cell, spacing: 50 })}</figure>`;
      }),
    )
    .join('');
}

function roundCard(
  plotter: Plotter,
  space: SearchSpace,
  { round, decision }: FinishedRound,
  history: RoundHistory,
): string {
  const cells = round.node === undefined ? space.cells.map((_, cell) => cell) : [round.node.cell];
  const title =
    round.node === undefined
      ? 'operations'
      : `edges into node ${round.node.group}, ${space.cells[round.node.cell]} cell`;
  const drawings = cells.map(
    (cell) =>
      `<figure><figcaption>${cellName(space, cell) || 'cell'} before the round; dashed: pruned in it</figcaption>${drawCell(space, round.mask[cell], { cell, gone: decision.pruned })}</figure>`,
  );
  const charts = cells.map((cell) => {
    const shown = history.candidates.filter((candidate) => candidate.cell === space.cells[cell]);
    return `<figure><figcaption>sum of ranks${cells.length > 1 ? `, ${cellName(space, cell)}` : ''}: the lowest of ${round.node ? 'all' : 'an edge'} go (crossed out)</figcaption>${scoreChart(plotter, space, shown)}</figure>`;
  });
  const tied = decision.tied ? ` <span class="quiet">Equal sums were told apart by their order.</span>` : '';
  return `<section class="card"><h3>Round ${round.index + 1}: ${escape(title)}</h3>
<p class="small">${history.candidates.length} candidates, ${decision.pruned.length} pruned.${tied}</p>
<div class="charts">${drawings.join('')}${charts.join('')}</div>
<details><summary>all scores</summary>${scoreTable(history.candidates)}</details></section>`;
}

/** Sums of ranks, an edge a row and an operation a column. */
function scoreChart({ Plot, draw }: Plotter, space: SearchSpace, candidates: readonly CandidateHistory[]): string {
  const edges = space.edges.filter((edge) => candidates.some((candidate) => candidate.edge === edge));
  const operations = space.operations.filter((name) => name !== 'none');
  const sums = candidates.map(({ rankSum }) => rankSum);
  const most = Math.max(1, ...sums);
  // The lowest sum, which goes first, is the strongest colour.
  const fill = ({ rankSum }: CandidateHistory) => divergingColor(1 - (0.95 * rankSum) / most);
  return draw('sums of ranks', {
    width: 56 + 52 * operations.length,
    height: 70 + 30 * edges.length,
    marginLeft: 46,
    marginRight: 10,
    marginTop: 58,
    marginBottom: 6,
    x: {
      domain: operations,
      label: null,
      axis: 'top',
      tickSize: 0,
      tickFormat: (name: string) => name.replace(/_/g, '\n'),
    },
    y: { domain: edges, label: null, tickSize: 0 },
    color: { type: 'identity' },
    marks: [
      Plot.cell(candidates, { x: 'operation', y: 'edge', fill, inset: 1, rx: 3, title: describe }),
      Plot.text(candidates, {
        x: 'operation',
        y: 'edge',
        text: (d: CandidateHistory) => String(d.rankSum),
        fill: (d: CandidateHistory) => (d.rankSum < 0.5 * most ? '#ffffff' : 'currentColor'),
        fontWeight: 600,
      }),
      Plot.dot(
        candidates.filter(({ pruned }) => pruned),
        { x: 'operation', y: 'edge', symbol: 'times', stroke: 'var(--less)', strokeWidth: 2.4, r: 7, dx: 16 },
      ),
    ],
  });
}

function describe({ edge, operation, kappaChange, regionsChange, kappaRank, regionsRank }: CandidateHistory): string {
  const parts = [`without ${operation} on ${edge}`];
  if (kappaChange !== undefined) parts.push(`κ falls by ${format(kappaChange)} of itself (rank ${kappaRank})`);
  if (regionsChange !== undefined) parts.push(`regions by ${format(regionsChange)} (rank ${regionsRank})`);
  return parts.join('; ');
}

function scoreTable(candidates: readonly CandidateHistory[]): string {
  const ranked = candidates.toSorted((a, b) => a.rankSum - b.rankSum);
  const change = (values: { readonly before: readonly number[]; readonly after: readonly number[] } | undefined) =>
    values ? `${format(mean(values.before))} → ${format(mean(values.after))}` : '';
  const text = (value: number | undefined) => (value === undefined ? '' : format(value));
  const rows = ranked.map((candidate) => {
    const { cell, edge, operation, pruned, kappa, regions, kappaChange, regionsChange } = candidate;
    return [
      ...[escape(`${cell} ${edge}`), `${escape(operation)}${pruned ? ', pruned' : ''}`],
      ...[change(kappa), text(kappaChange), String(candidate.kappaRank ?? '')],
      ...[change(regions), text(regionsChange), String(candidate.regionsRank ?? ''), String(candidate.rankSum)],
    ];
  });
  const numbers = ['κ', 'change', 'rank', 'regions', 'change', 'rank', 'sum'].map((head) => ({ head, number: true }));
  return htmlTable([{ head: 'edge' }, { head: 'operation' }, ...numbers], rows, (row) =>
    ranked[row].pruned ? 'gone' : undefined,
  );
}
