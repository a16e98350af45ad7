import { format } from 'ntkit/report';
import type { View } from './computing.ts';
import { CONTENDERS, contendersOf, drawnModes, Swatch } from './plots.tsx';

// The readings beside the pictures: numbers, a sentence on the learning rate, and the table of modes.

/** The root mean square of the difference of two functions. */
function gapOf({ real, linearised }: View['frame']): number {
  const squares = real.field.reduce((sum, f, i) => sum + (f - linearised.field[i]) ** 2, 0);
  return Math.sqrt(squares / real.field.length);
}

/** The numbers of the current step. */
export function Figures({ view }: { readonly view: View }) {
  const { frame, description } = view;
  return (
    <dl class="figures">
      {contendersOf(view).map((name) => (
        <div key={name}>
          <dt>
            <Swatch name={name} />
            {CONTENDERS[name].title}: mean squared error
          </dt>
          <dd>{format(frame[name]!.meanSquaredError)}</dd>
        </div>
      ))}
      <div>
        <dt>network − linearised, root mean square over x</dt>
        <dd>{format(gapOf(frame))}</dd>
      </div>
      <div>
        <dt>weights moved, ‖θ − θ₀‖/‖θ₀‖</dt>
        <dd>{(100 * frame.movement).toPrecision(2)} %</dd>
      </div>
      <div>
        <dt>weights and biases</dt>
        <dd>{description.parameters.toLocaleString('en')}</dd>
      </div>
    </dl>
  );
}

/** What the learning rate does, in words. */
export function learningRateSentence({ frame, description, settings, history }: View): string {
  const { learningRate, learningRateLimit, eigenvalues } = description;
  const times = `The learning rate η = ${format(learningRate)} is ${settings.rate.toFixed(2)} times the limit 2/λmax = ${format(learningRateLimit)}`;
  const fastest = Math.abs(1 - learningRate * eigenvalues[0]);
  if (settings.rate < 1) {
    const smallest = learningRate * eigenvalues[eigenvalues.length - 1];
    const slowest =
      smallest < 1e-9 ? 'all' : smallest < 0.005 ? `1 − ${Number(smallest.toPrecision(1))}` : (1 - smallest).toFixed(2);
    const lost = frame.diverged
      ? ` The network has diverged all the same, at step ${frame.step}: its kernel has changed.`
      : '';
    return `${times}: a step leaves ${fastest.toFixed(2)} of the residual along the first eigenvector and ${slowest} along the last.${lost}`;
  }
  if (settings.rate === 1)
    return `${times}: the residual along the first eigenvector changes its sign with each step and stays as large.`;
  const grows = `${times}: by the kernel, the residual along the first eigenvector grows to ${fastest.toFixed(2)} times its size with each step, and the linearised network diverges.`;
  if (frame.diverged) return `${grows} The network has diverged, too, at step ${frame.step}.`;
  const worst = Math.max(...history.map(({ real }) => real));
  const calm = frame.step > 10 && frame.real.meanSquaredError < worst / 10 && worst > 2 * history[0].real;
  return calm ? `${grows} The network itself has settled: its weights moved to where λmax is smaller.` : grows;
}

/** Numbers of steps as text: 3.2, 410, 1.2e6. */
function stepsOf(halfLife: number): string {
  if (halfLife < 0) return 'grows';
  if (halfLife === Infinity) return 'never';
  return halfLife < 0.05
    ? '< 0.1'
    : halfLife < 10
      ? halfLife.toFixed(1)
      : halfLife < 1e5
        ? String(Math.round(halfLife))
        : halfLife.toExponential(1).replace('e+', 'e');
}

const [BARS_WIDTH, BARS_HEIGHT] = [480, 220];

/** The residual along every eigenvector: before training, now, and the prediction for now. */
export function ModeBars({ view: { frame, history } }: { readonly view: View }) {
  const start = history[0].modes.real.map(Math.abs);
  const count = start.length;
  const pitch = BARS_WIDTH / count;
  const most = Math.max(...start, 1e-12);
  // The root keeps small residuals visible; residuals that have grown are cut off at the top.
  const height = (residual: number) => BARS_HEIGHT * Math.min(1, Math.sqrt(Math.abs(residual) / most));
  const colors = new Map(drawnModes(count).map(({ mode, color }) => [mode, color]));
  return (
    <figure class="mode-bars">
      <svg
        viewBox={`0 -4 ${BARS_WIDTH} ${BARS_HEIGHT + 26}`}
        role="img"
        aria-label="The residual along every eigenvector, before training, now and predicted; the table has the numbers"
      >
        {start.map((before, mode) => {
          const [x, width] = [mode * pitch + 0.14 * pitch, 0.72 * pitch];
          const [now, predicted] = [height(frame.modes.real[mode]), height(frame.modes.predicted[mode])];
          const first = height(before);
          const numbered = count <= 16 || mode === 0 || (mode + 1) % 8 === 0;
          return (
            <g key={mode}>
              <rect {...{ x, width }} y={BARS_HEIGHT - first} height={first} class="before" />
              <rect {...{ x, width }} y={BARS_HEIGHT - now} height={now} fill={colors.get(mode) ?? 'var(--quiet)'} />
              <line
                x1={x - 2}
                x2={x + width + 2}
                y1={BARS_HEIGHT - predicted}
                y2={BARS_HEIGHT - predicted}
                class="expected"
              />
              {numbered && (
                <text x={x + width / 2} y={BARS_HEIGHT + 18}>
                  {mode + 1}
                </text>
              )}
            </g>
          );
        })}
        <line x1={0} x2={BARS_WIDTH} y1={BARS_HEIGHT} y2={BARS_HEIGHT} class="ground" />
      </svg>
      <figcaption class="muted small">
        |residual| along eigenvector i, on a root scale: outline before training, bar now, line predicted now.
      </figcaption>
    </figure>
  );
}

/** Three significant digits. */
function short(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1);
  const text = value.toPrecision(3);
  return text.includes('e') ? value.toExponential(1).replace('e+', 'e') : text;
}

/** Every mode: its eigenvalue, its half-life, and its residual. */
export function ModeTable({ view }: { readonly view: View }) {
  const { description, frame } = view;
  const { eigenvalues, halfLives } = description;
  const colors = new Map(drawnModes(eigenvalues.length).map(({ mode, color }) => [mode, color]));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="All eigenvectors">
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">i</th>
            <th scope="col">λᵢ</th>
            <th scope="col">1 − ηλᵢ</th>
            <th scope="col">half-life (steps)</th>
            <th scope="col">residual</th>
            <th scope="col">predicted</th>
          </tr>
        </thead>
        <tbody>
          {eigenvalues.map((eigenvalue, mode) => (
            <tr key={mode}>
              <th scope="row">
                <span class="dot" style={{ background: colors.get(mode) ?? 'none' }} />
                {mode + 1}
              </th>
              <td>{short(eigenvalue)}</td>
              <td>{(1 - description.learningRate * eigenvalue).toFixed(4)}</td>
              <td>{stepsOf(halfLives[mode])}</td>
              <td>{short(Math.abs(frame.modes.real[mode]))}</td>
              <td>{short(Math.abs(frame.modes.predicted[mode]))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
