import { mean, standardDeviation } from '../statistics.ts';
import { format } from '../table.ts';
import { kappaChart, kernelChart, spectrumChart } from './charts.ts';
import type { ArchitectureReport, Report, RepeatReport, Verdict } from './model.ts';
import { escape, renderPage } from './page.ts';

/**
 * One self-contained HTML page: what κ is, how it was computed, a ranked table, κ of every repeat, and the kernel matrix
 * and spectrum of each architecture. It loads nothing and runs no script.
 */
export function renderReport({ title, settings, architectures }: Report): string {
  const ranked = architectures.toSorted((a, b) => rank(a) - rank(b));
  return renderPage({
    title,
    settings,
    introduction: `<p>The neural tangent kernel Θ of a network on a batch of images holds, for each pair of images, the inner product of the
gradients of their outputs. Gradient descent learns along its eigenvectors, each at the speed of its eigenvalue, and the
largest eigenvalue limits the step. <strong>κ = λmax/λmin</strong> therefore says how much slower the slowest direction is
learned than the fastest: a small κ promises a network that trains well.</p>`,
    body: `<h2>Condition numbers, smallest first</h2>
<div class="card">${summaryTable(ranked)}</div>
<div class="card"><figure style="margin:0"><figcaption>κ of every repeat</figcaption>${kappaChart(ranked)}</figure></div>
<h2>Kernel matrices and spectra</h2>
${ranked.map(architectureCard).join('\n')}`,
  });
}

/** Where an architecture stands: by mean κ; one that is negative or undefined is no merit, and goes last. */
function rank({ repeats }: ArchitectureReport): number {
  const kappa = mean(repeats.map((repeat) => repeat.kappa));
  return kappa > 0 ? kappa : Number.MAX_VALUE;
}

function summaryTable(architectures: readonly ArchitectureReport[]): string {
  const rows = architectures.map(({ name, detail, parameters, repeats }) => {
    const kappas = repeats.map(({ kappa }) => kappa);
    const spread = repeats.length > 1 ? `<span class="quiet"> ± ${format(standardDeviation(kappas))}</span>` : '';
    return `<tr><td><strong>${escape(name)}</strong>${name === detail ? '' : `<br><code class="quiet">${escape(detail)}</code>`}</td>
<td class="number">${format(mean(kappas))}${spread}</td>
<td>${[...new Set(repeats.map(({ verdict }) => verdict))].map(badge).join('<br>')}</td>
<td class="number">${parameters.toLocaleString('en')}</td></tr>`;
  });
  return `<table><thead><tr><th scope="col">architecture</th><th scope="col" class="number">κ, mean${
    architectures.some(({ repeats }) => repeats.length > 1) ? ' ± spread' : ''
  }</th><th scope="col">verdict</th><th scope="col" class="number">parameters</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

const MEANINGS: Readonly<Record<Verdict, string>> = {
  resolved: 'λmin stands out of the rounding noise',
  'lower-bound': 'λmin is lost in the rounding noise: κ is at least λmax / noise floor',
  indefinite: 'λmin is negative beyond the noise: the number means nothing',
};

function badge(verdict: Verdict): string {
  return `<span class="badge ${verdict}" title="${MEANINGS[verdict]}">${verdict}</span>`;
}

/** The first repeat of an architecture, drawn. */
function architectureCard({ name, detail, repeats }: ArchitectureReport): string {
  const [first] = repeats;
  return `<section class="card">
<h3>${escape(name)}</h3>
<code class="quiet">${escape(detail)}</code>
<p class="small" style="margin-top:10px">${sentence(first)}${
    repeats.length > 1 ? ` <span class="quiet">Drawn: the first of ${repeats.length} repeats.</span>` : ''
  }</p>
<div class="charts">
<figure><figcaption>kernel matrix Θ</figcaption>${kernelChart(first)}</figure>
<figure><figcaption>eigenvalues</figcaption>${spectrumChart(first)}</figure>
</div>${notShown(first)}
</section>`;
}

function sentence({ kappa, lambdaMin, lambdaMax, noiseFloor, verdict }: RepeatReport): string {
  return `κ = ${format(kappa)} from λmax = ${format(lambdaMax)} and λmin = ${format(lambdaMin)}; ${badge(verdict)}: ${MEANINGS[verdict]} (${format(noiseFloor)}).`;
}

function notShown({ eigenvalues }: RepeatReport): string {
  const below = eigenvalues.filter((value) => !(value > 0));
  if (below.length === 0) return '';
  return `<p class="small quiet">${below.length} of ${eigenvalues.length} eigenvalues are zero or negative (${below
    .slice(0, 3)
    .map(format)
    .join(
      ', ',
    )}${below.length > 3 ? ', …' : ''}): crosses on the noise floor, because a log axis cannot show them.</p>`;
}
