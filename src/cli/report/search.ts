import * as Plot from '@observablehq/plot';
import {
  BENCHMARK_DATASETS,
  type CandidateHistory,
  countOperations,
  type FinishedRound,
  historyOf,
  type RoundHistory,
  type Search,
  type SearchSpace,
} from '../../search/index.ts';
import type { SearchResult } from '../searchResult.ts';
import { format } from '../table.ts';
import { drawCell, operationLegend } from './cell.ts';
import { draw } from './draw.ts';
import { escape, renderPage } from './page.ts';

/** What the page of a search shows. */
export interface SearchReport {
  readonly search: Search;
  readonly result: SearchResult;
  readonly device: string;
}

/** The page of a search: what was found, how the cell shrank, and every round's scores. */
export function renderSearchReport({ search, result, device }: SearchReport): string {
  const { settings, space, finished } = search;
  const history = historyOf(search);
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
${finished.map((round, i) => roundCard(space, round, history[i])).join('\n')}`,
  });
}

function resultCard({ space, mask }: Search, { genotype, accuracy, unresolved }: SearchResult): string {
  const truth = accuracy
    ? `<table><thead><tr><th scope="col">NAS-Bench-201 cell ${accuracy.index}</th><th scope="col" class="number">test accuracy</th></tr></thead><tbody>${BENCHMARK_DATASETS.map(
        (name) => `<tr><td>${name}</td><td class="number">${accuracy[name].toFixed(2)} %</td></tr>`,
      ).join('')}</tbody></table>`
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
        return `<figure><figcaption>${text}</figcaption>${drawCell(space, edges, { cell, spacing: space.cells.length > 1 ? 76 : 50 })}</figure>`;
      }),
    )
    .join('');
}

function roundCard(space: SearchSpace, { round, decision }: FinishedRound, history: RoundHistory): string {
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
    return `<figure><figcaption>sum of ranks${cells.length > 1 ? `, ${cellName(space, cell)}` : ''}: the lowest of ${round.node ? 'all' : 'an edge'} go (crossed out)</figcaption>${scoreChart(space, shown)}</figure>`;
  });
  const tied = decision.tied ? ` <span class="quiet">Equal sums were told apart by their order.</span>` : '';
  return `<section class="card"><h3>Round ${round.index + 1}: ${escape(title)}</h3>
<p class="small">${history.candidates.length} candidates, ${decision.pruned.length} pruned.${tied}</p>
<div class="charts">${drawings.join('')}${charts.join('')}</div>
<details><summary>all scores</summary>${scoreTable(history.candidates)}</details></section>`;
}

/** Sums of ranks, an edge a row and an operation a column. */
function scoreChart(space: SearchSpace, candidates: readonly CandidateHistory[]): string {
  const edges = space.edges.filter((edge) => candidates.some((candidate) => candidate.edge === edge));
  const operations = space.operations.filter((name) => name !== 'none');
  const sums = candidates.map(({ rankSum }) => rankSum);
  const most = Math.max(1, ...sums);
  return draw('sums of ranks', {
    width: 90 + 92 * operations.length,
    height: 60 + 30 * edges.length,
    marginLeft: 56,
    marginTop: 44,
    marginBottom: 6,
    x: {
      domain: operations,
      label: null,
      axis: 'top',
      tickSize: 0,
      tickFormat: (name: string) => name.replace(/_/g, ' '),
    },
    y: { domain: edges, label: null, tickSize: 0 },
    color: { type: 'linear', scheme: 'blues', domain: [-0.15 * most, 1.35 * most], reverse: true },
    marks: [
      Plot.cell(candidates, { x: 'operation', y: 'edge', fill: 'rankSum', inset: 1, rx: 3, title: describe }),
      Plot.text(candidates, {
        x: 'operation',
        y: 'edge',
        text: (d: CandidateHistory) => String(d.rankSum),
        fill: (d: CandidateHistory) => (d.rankSum < 0.4 * most ? '#ffffff' : '#10202e'),
        fontWeight: 600,
      }),
      Plot.dot(
        candidates.filter(({ pruned }) => pruned),
        { x: 'operation', y: 'edge', symbol: 'times', stroke: '#ff7a33', strokeWidth: 2.4, r: 9, dx: 28 },
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
  const rows = candidates
    .toSorted((a, b) => a.rankSum - b.rankSum)
    .map((candidate) => {
      const { cell, edge, operation, kappa, regions, kappaChange, regionsChange, kappaRank, regionsRank } = candidate;
      const numbers = [
        kappa ? `${format(mean(kappa.before))} → ${format(mean(kappa.after))}` : '',
        kappaChange === undefined ? '' : format(kappaChange),
        kappaRank ?? '',
        regions ? `${format(mean(regions.before))} → ${format(mean(regions.after))}` : '',
        regionsChange === undefined ? '' : format(regionsChange),
        regionsRank ?? '',
        candidate.rankSum,
      ];
      return `<tr${candidate.pruned ? ' class="gone"' : ''}><td>${escape(cell)} ${escape(edge)}</td><td>${escape(operation)}${candidate.pruned ? ', pruned' : ''}</td>${numbers.map((text) => `<td class="number">${text}</td>`).join('')}</tr>`;
    });
  const heads = ['κ', 'change', 'rank', 'regions', 'change', 'rank', 'sum'];
  return `<table><thead><tr><th scope="col">edge</th><th scope="col">operation</th>${heads.map((head) => `<th scope="col" class="number">${head}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value / values.length, 0);
}
