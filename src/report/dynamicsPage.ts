import { type DynamicsReport, dynamicsSentences, modeCells } from './dynamicsReport.ts';
import { checkpointSection } from './checkpointSection.ts';
import { format } from './numbers.ts';
import { escape, forBothWidths, htmlTable, renderPage } from './page.ts';
import { loadPlotter, type Plotter } from './plotter.ts';

/** What the page shows. */
export interface DynamicsPage {
  readonly title: string;
  /** How it was computed: label and value, in order. */
  readonly settings?: readonly (readonly [label: string, value: string])[];
  readonly report: DynamicsReport;
}

const [PREDICTED, REAL] = ['var(--bad)', 'var(--good)'];

/** Points that a curve is drawn through at most. */
const POINTS = 400;

/** Samples whose outputs are drawn. */
const SAMPLES = 5;

/**
 * One self-contained HTML page: predicted and real curves of the loss and of some outputs, how long each mode takes, and
 * the table of modes; and the kernel through training, where there are checkpoints. It loads nothing and runs no script.
 *
 * @example
 * const dynamics = mseDynamics(ndarray([2, 1, 1, 2], [2, 2]), ndarray([1, 0], [2, 1]));
 * const descent = gradientDescent({ learningRate: 0.1 });
 * const [loss, outputs] = [dynamics.loss(descent, [0, 1, 2]), dynamics.predict(descent, [0, 1, 2])];
 * const report = {
 *   ...{ name: 'two points', dynamics, descent, learningRate: 0.1, learningRateLimit: dynamics.learningRateLimit() },
 *   loss: { predicted: loss, real: loss }, // of a network that is linear
 *   outputs: { predicted: outputs, real: outputs },
 * };
 * const html = await dynamicsPage({ title: 'Two points', report });
 * console.log(html.slice(0, 15)); // <!doctype html>
 */
export async function dynamicsPage({ title, settings = [], report }: DynamicsPage): Promise<string> {
  const plotter = await loadPlotter();
  const { columns, rows } = modeCells(report);
  const { checkpoints = [] } = report;
  return renderPage({
    title,
    settings,
    introduction: `<p>Near its initialisation a network is linear in its parameters: its tangent kernel Θ then tells how gradient descent goes,
along each eigenvector at the speed of its eigenvalue λ. λmax limits the learning rate, λmin is learned last. Here is what Θ
predicts, beside what gradient descent on the network itself does.</p>`,
    body: `<h2>Predicted and real</h2>
<div class="card">
<ul class="legend"><li><span style="background:${REAL}"></span>real</li><li><span style="background:${PREDICTED}"></span>predicted (dashed)</li></ul>
<div class="charts">
<figure><figcaption>mean squared error</figcaption>${lossChart(plotter, report)}</figure>
<figure><figcaption>outputs of ${Math.min(SAMPLES, report.outputs.real.shape[1])} samples</figcaption>${outputChart(plotter, report)}</figure>
</div>
${dynamicsSentences(report)
  .map((sentence) => `<p class="small">${escape(sentence)}</p>`)
  .join('\n')}
</div>
<h2>Modes</h2>
<div class="card"><figure><figcaption>steps in which a mode shrinks by a factor of e</figcaption>${modeChart(plotter, report)}</figure>
${htmlTable(
  columns.map(({ head }) => ({ head, number: true })),
  rows.map((cells) => cells.map(escape)),
)}</div>${checkpoints.length > 0 ? checkpointSection(plotter, checkpoints) : ''}`,
  });
}

interface Point {
  readonly step: number;
  readonly value: number;
  /** Which curve it is of. */
  readonly curve: string;
}

/** Some of the steps from 0 to a last one, both included. */
function someSteps(last: number): number[] {
  const count = Math.min(last, POINTS);
  return [...new Set(Array.from({ length: count + 1 }, (_, i) => Math.round((i * last) / Math.max(1, count))))];
}

function lossChart({ Plot, draw }: Plotter, { loss }: DynamicsReport): string {
  const steps = someSteps(loss.real.length - 1);
  const curve = (values: Float64Array, name: string): Point[] =>
    steps
      .map((step) => ({ step, value: values[step], curve: name }))
      .filter(({ value }) => value > 0 && Number.isFinite(value));
  return draw('the loss over steps, predicted and real', {
    ...{ width: 420, height: 340, marginLeft: 64, marginBottom: 40 },
    x: { label: 'step →' },
    y: { type: 'log', label: '↑ loss', grid: true, ticks: 6, tickFormat: exponent },
    marks: [
      Plot.line(curve(loss.real, 'real'), { x: 'step', y: 'value', stroke: REAL, strokeWidth: 2.5 }),
      Plot.line(curve(loss.predicted, 'predicted'), {
        x: 'step',
        y: 'value',
        stroke: PREDICTED,
        strokeDasharray: '6 4',
      }),
    ],
  });
}

function outputChart({ Plot, draw }: Plotter, { outputs }: DynamicsReport): string {
  const [count, n, k = 1] = outputs.real.shape;
  const steps = someSteps(count - 1);
  const curves = (data: ArrayLike<number>): Point[] =>
    Array.from({ length: Math.min(SAMPLES, n) }, (_, i) =>
      steps.map((step) => ({ step, value: data[(step * n + i) * k], curve: String(i) })),
    )
      .flat()
      .filter(({ value }) => Number.isFinite(value));
  const common = { x: 'step', y: 'value', z: 'curve' } as const;
  return draw('first outputs of some samples over steps, predicted and real', {
    ...{ width: 420, height: 340, marginLeft: 56, marginBottom: 40 },
    x: { label: 'step →' },
    y: { label: '↑ output', grid: true },
    marks: [
      Plot.line(curves(outputs.real.data), { ...common, stroke: REAL, strokeWidth: 2 }),
      Plot.line(curves(outputs.predicted.data), { ...common, stroke: PREDICTED, strokeDasharray: '6 4' }),
    ],
  });
}

function modeChart({ Plot, draw }: Plotter, { dynamics, descent }: DynamicsReport): string {
  const constants = dynamics.timeConstants(descent);
  const points = dynamics.modes
    .map(({ eigenvalue, lossShare }, i) => ({ eigenvalue, lossShare, steps: constants[i] }))
    .filter(({ eigenvalue, steps }) => eigenvalue > 0 && steps > 0 && Number.isFinite(steps));
  const plot = (isNarrow: boolean) =>
    draw('steps of each mode against its eigenvalue', {
      ...{ width: isNarrow ? 320 : 900, height: 300, marginLeft: isNarrow ? 48 : 64, marginBottom: 40 },
      x: { type: 'log', label: 'λ →', ticks: isNarrow ? 3 : 6, tickFormat: exponent },
      y: { type: 'log', label: '↑ steps', grid: true, ticks: 6, tickFormat: exponent },
      marks: [
        Plot.dot(points, {
          ...{ x: 'eigenvalue', y: 'steps', r: 4, fill: REAL, fillOpacity: 0.6 },
          title: (d: (typeof points)[number]) =>
            `λ = ${format(d.eigenvalue)}: ${format(d.steps)} steps, ${(100 * d.lossShare).toFixed(2)} % of the loss`,
        }),
      ],
    });
  return forBothWidths(plot);
}

function exponent(value: number): string {
  return value >= 0.01 && value < 10_000
    ? String(Number(value.toPrecision(2)))
    : value.toExponential(0).replace('e+', 'e');
}
