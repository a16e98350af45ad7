import type { ConditionNumber, Contribution, Verdict } from '../ntk/index.ts';
import { certificateText } from './certificate.ts';
import { contributionCells } from './contributionsTable.ts';
import { byKappa, type ScoredNetwork } from './model.ts';
import { kappaChart, kernelChart, spectrumChart } from './ntkCharts.ts';
import { format, formatCount, mean, standardDeviation } from './numbers.ts';
import { escape, htmlTable, renderPage } from './page.ts';
import { loadPlotter, type Plotter } from './plotter.ts';

/** What the page of kernels shows. */
export interface NtkReport {
  readonly title: string;
  /** How it was computed: label and value, in order. */
  readonly settings?: readonly (readonly [label: string, value: string])[];
  /** Networks, each with one kernel a repeat. */
  readonly networks: readonly ScoredNetwork[];
}

/**
 * One self-contained HTML page: what κ is, how it was computed, a ranked table, κ of every repeat, and the kernel matrix
 * and spectrum of each network. It loads nothing and runs no script.
 *
 * @throws InputError when a network has no kernel.
 *
 * @example
 * const networks = [{ name: '5-16-3', ntks: [await computeNtk(network, images)] }];
 * const html = await ntkPage({ title: 'A perceptron', networks });
 * console.log(html.slice(0, 15), html.includes('<script')); // <!doctype html> false
 */
export async function ntkPage({ title, settings = [], networks }: NtkReport): Promise<string> {
  const ranked = byKappa(networks);
  const plotter = await loadPlotter();
  return renderPage({
    title,
    settings,
    introduction: `<p>The neural tangent kernel Θ of a network on a batch of images holds, for each pair of images, the inner product of the
gradients of their outputs. Gradient descent learns along its eigenvectors, each at the speed of its eigenvalue, and the
largest eigenvalue limits the step. <strong>κ = λmax/λmin</strong> therefore says how much slower the slowest direction is
learned than the fastest: a small κ promises a network that trains well.</p>`,
    body: `<h2>Condition numbers, smallest first</h2>
<div class="card">${summaryTable(ranked)}</div>
<div class="card"><figure><figcaption>κ of every repeat</figcaption>${kappaChart(plotter, ranked)}</figure></div>
<h2>Kernel matrices and spectra</h2>
${ranked.map((network) => networkCard(plotter, network)).join('\n')}`,
  });
}

function summaryTable(networks: readonly ScoredNetwork[]): string {
  const spreads = networks.some(({ ntks }) => ntks.length > 1);
  const rows = networks.map(({ name, detail = name, ntks }) => {
    const kappas = ntks.map(({ kappa }) => kappa);
    const spread = ntks.length > 1 ? `<span class="quiet"> ± ${format(standardDeviation(kappas))}</span>` : '';
    return [
      `<strong>${escape(name)}</strong>${name === detail ? '' : `<br><code class="quiet">${escape(detail)}</code>`}`,
      `${format(mean(kappas))}${spread}`,
      [...new Set(ntks.map(({ verdict }) => verdict))].map(badge).join('<br>'),
      formatCount(ntks[0].parameters.used),
    ];
  });
  const columns = [
    { head: 'architecture' },
    { head: `κ, mean${spreads ? ' ± spread' : ''}`, number: true },
    { head: 'verdict' },
    { head: 'parameters', number: true },
  ];
  return htmlTable(columns, rows);
}

const MEANINGS: Readonly<Record<Verdict, string>> = {
  resolved: 'λmin stands out of the rounding noise',
  'lower-bound': 'λmin is lost in the rounding noise: this quotient says little, only a lower bound of κ is known',
  indefinite: 'λmin is negative beyond the noise: the number means nothing',
};

function badge(verdict: Verdict): string {
  return `<span class="badge ${verdict}" title="${MEANINGS[verdict]}">${verdict}</span>`;
}

/** The first repeat of a network, drawn. */
function networkCard(plotter: Plotter, { name, detail, ntks, contributions }: ScoredNetwork): string {
  const [first] = ntks;
  return `<section class="card">
<h3>${escape(name)}</h3>
${detail === undefined ? '' : `<code class="quiet">${escape(detail)}</code>`}
<p class="small" style="margin-top:10px">${sentence(first)} ${escape(certificateText(first))}${
    ntks.length > 1 ? ` <span class="quiet">Drawn: the first of ${ntks.length} repeats.</span>` : ''
  }</p>
<div class="charts">
<figure><figcaption>kernel matrix Θ</figcaption>${kernelChart(plotter, first)}</figure>
<figure><figcaption>eigenvalues</figcaption>${spectrumChart(plotter, first)}</figure>
</div>${notShown(first)}${contributions === undefined ? '' : contributionsCard(contributions)}
</section>`;
}

function contributionsCard(contributions: readonly Contribution[]): string {
  const { columns, rows } = contributionCells(contributions);
  return `<h4>What supplies λmin and λmax</h4>
${htmlTable(
  columns.map(({ head, align }) => ({ head, number: align === 'right' })),
  rows.map((cells) => cells.map(escape)),
)}`;
}

function sentence({ kappa, lambdaMin, lambdaMax, noiseFloor, verdict }: ConditionNumber): string {
  return `κ = ${format(kappa)} from λmax = ${format(lambdaMax)} and λmin = ${format(lambdaMin)}; ${badge(verdict)}: ${MEANINGS[verdict]} (${format(noiseFloor)}).`;
}

function notShown({ eigenvalues }: ConditionNumber): string {
  const below = [...eigenvalues].filter((value) => !(value > 0));
  if (below.length === 0) return '';
  return `<p class="small quiet">${below.length} of ${eigenvalues.length} eigenvalues are zero or negative (${below
    .slice(0, 3)
    .map(format)
    .join(
      ', ',
    )}${below.length > 3 ? ', …' : ''}): crosses on the noise floor, because a log axis cannot show them.</p>`;
}
