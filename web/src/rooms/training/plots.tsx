import { useCallback, useMemo } from 'preact/hooks';
import type { View } from './computing.ts';
import { FieldImage } from './fieldImage.tsx';
import { decades, type Moment, someModes, stepDomain } from './history.ts';
import { samples, update } from './link.ts';
import { type Axis, type Curve, LiveChart } from './liveChart.tsx';
import { axisOf, EXTENT, type Sample } from './problem.ts';
import { formatSamples, withoutSample, withSample } from './samples.ts';

/** The three functions that are compared, with their names and colours. */
export const CONTENDERS = {
  real: { title: 'network', color: 'var(--good)' },
  linearised: { title: 'linearised', color: 'var(--bad)' },
  infinite: { title: 'infinite width', color: 'var(--infinite)' },
} as const;

type Contender = keyof typeof CONTENDERS;

/** Those that exist: tanh has no kernel of infinite width. */
export function contendersOf({ frame }: View): Contender[] {
  return frame.infinite ? ['real', 'linearised', 'infinite'] : ['real', 'linearised'];
}

/** Where drawings are kept so that they can be saved. */
export type Keep = (name: string, picture: SVGSVGElement | HTMLCanvasElement) => void;

/** The samples of the link, which the next run has, where they are of the problem that is shown. */
function presentSamples({ settings }: View): readonly Sample[] {
  const next = samples.value;
  return next[0].x.length === settings.samples[0].x.length ? next : settings.samples;
}

/** Adds a sample where there is none, and removes the one that was clicked. */
function changed(present: readonly Sample[], added: Sample, at: number | undefined): void {
  const next = at === undefined ? withSample(present, added) : withoutSample(present, at);
  update({ samples: formatSamples(next) });
}

const X_AXIS: Axis = { label: 'x', domain: [-EXTENT, EXTENT] };
const Y_AXIS: Axis = { label: 'f(x)', domain: [-EXTENT, EXTENT] };

/** Whether a contender has diverged: its function is not drawn then. */
export function isLost({ frame }: View, name: Contender): boolean {
  return frame[name] !== undefined && !(frame[name].meanSquaredError < 1e4);
}

/** The function of one coordinate. */
export function FunctionPlot({ view, keep }: { readonly view: View; readonly keep: Keep }) {
  const { frame, description } = view;
  const present = presentSamples(view);
  const axis = useMemo(() => axisOf(description.side), [description.side]);
  const curves = useMemo(
    () =>
      contendersOf(view)
        .filter((name) => !isLost(view, name))
        .toReversed() // the network lies on top
        .map((name) => ({
          ...{ x: axis, y: frame[name]!.field, color: CONTENDERS[name].color },
          ...{ dashed: name === 'linearised', width: name === 'real' ? 3 : 2 },
        })),
    [axis, frame],
  );
  const band = useMemo(() => {
    const { deviation, field } = frame.infinite ?? {};
    if (!deviation || !field || isLost(view, 'infinite')) return undefined;
    const at = (sign: number) => field.map((mean, i) => mean + 2 * sign * deviation[i]);
    return { x: axis, low: at(-1), high: at(1), color: CONTENDERS.infinite.color };
  }, [axis, frame]);
  const dots = useMemo(() => present.map(({ x: [x], y }) => ({ x, y })), [present]);
  const onDraw = useCallback((svg: SVGSVGElement) => keep('function', svg), [keep]);
  return (
    <LiveChart
      label="The function of the network, of the linearised network and of infinitely wide networks, with the samples"
      x={X_AXIS}
      y={Y_AXIS}
      height={340}
      onPress={(x, y, dot) => changed(present, { x: [x], y }, dot)}
      {...{ curves, band, dots, onDraw }}
    />
  );
}

/** Functions of two coordinates, side by side. */
export function FieldPlots({
  view,
  target,
  keep,
}: {
  readonly view: View;
  /** The class of samples that are added. */
  readonly target: 1 | -1;
  readonly keep: Keep;
}) {
  const { frame, description } = view;
  const present = presentSamples(view);
  return (
    <div class="fields">
      {contendersOf(view).map((name) => (
        <figure key={name}>
          <figcaption>
            <Swatch name={name} />
            {CONTENDERS[name].title}
          </figcaption>
          <FieldImage
            label={`The function of the ${CONTENDERS[name].title}: blue where it is above 0, orange where it is below`}
            field={frame[name]!.field}
            side={description.side}
            samples={present}
            onPress={(x, sample) => changed(present, { x, y: target }, sample)}
            onCanvas={(canvas) => keep(`field ${CONTENDERS[name].title}`, canvas)}
          />
        </figure>
      ))}
    </div>
  );
}

/** How one of the contenders is drawn. */
export function Swatch({ name }: { readonly name: Contender }) {
  const dashed = name === 'linearised';
  return (
    <svg class="swatch" viewBox="0 0 24 8" aria-hidden="true">
      <line
        {...{ x1: 0, x2: 24, y1: 4, y2: 4 }}
        stroke={CONTENDERS[name].color}
        stroke-width={name === 'real' ? 3 : 2}
        {...(dashed ? { 'stroke-dasharray': '6 4' } : {})}
      />
    </svg>
  );
}

/** Errors below it are rounding in float32. */
const LEAST_ERROR = 1e-9;
const MOST_ERROR = 1e6;

function curveOf(
  history: readonly Moment[],
  value: (moment: Moment) => number | undefined,
  curve: Omit<Curve, 'x' | 'y'>,
): Curve {
  return { ...curve, x: history.map(({ step }) => step), y: history.map((moment) => positive(value(moment))) };
}

/** NaN breaks a line. */
function positive(value: number | undefined): number {
  return value !== undefined && value > 0 ? value : NaN;
}

/** Mean squared errors over steps. */
export function LossPlot({ view, keep }: { readonly view: View; readonly keep: Keep }) {
  const { history } = view;
  const names = contendersOf(view);
  const curves = useMemo(
    () =>
      names.toReversed().map((name) =>
        curveOf(history, (moment) => moment[name], {
          ...{ color: CONTENDERS[name].color, dashed: name === 'linearised', width: name === 'real' ? 2.5 : 2 },
        }),
      ),
    [history],
  );
  const values = curves.flatMap(({ y }) => Array.from(y));
  const onDraw = useCallback((svg: SVGSVGElement) => keep('error', svg), [keep]);
  return (
    <LiveChart
      label="Mean squared errors over steps, on a log axis"
      x={{ label: 'step', domain: stepDomain(history) }}
      y={{ label: 'mean squared error', domain: decades(values, [LEAST_ERROR, MOST_ERROR]), log: true }}
      height={280}
      {...{ curves, onDraw }}
    />
  );
}

/** From the largest eigenvalue to the smallest: readable in both themes. */
export const MODE_COLORS = ['#3b7ddd', '#8e5bd0', '#cf4a9b', '#df5a4a', '#d97a1a', '#9a8a10'] as const;

/** The modes that are drawn, by their number from 0, with their colours. */
export function drawnModes(count: number): readonly { readonly mode: number; readonly color: string }[] {
  return someModes(count, MODE_COLORS.length).map((mode, i) => ({ mode, color: MODE_COLORS[i] }));
}

/** A residual below it is rounding. */
const LEAST_RESIDUAL = 1e-5;
const MOST_RESIDUAL = 1e3;

/** Residuals along some eigenvectors over steps, real and predicted. */
export function ModePlot({ view, keep }: { readonly view: View; readonly keep: Keep }) {
  const { history, description } = view;
  const drawn = drawnModes(description.eigenvalues.length);
  const curves = useMemo(
    () =>
      drawn.flatMap(({ mode, color }) => [
        curveOf(history, ({ modes }) => Math.abs(modes.predicted[mode]), { color, dashed: true, width: 1.25 }),
        curveOf(history, ({ modes }) => Math.abs(modes.real[mode]), { color, width: 2 }),
      ]),
    [history],
  );
  const values = curves.flatMap(({ y }) => Array.from(y));
  const onDraw = useCallback((svg: SVGSVGElement) => keep('modes', svg), [keep]);
  return (
    <LiveChart
      label="The residual along some eigenvectors of the kernel over steps, real and predicted, on a log axis"
      x={{ label: 'step', domain: stepDomain(history) }}
      y={{
        label: '|residual along the eigenvector|',
        domain: decades(values, [LEAST_RESIDUAL, MOST_RESIDUAL]),
        log: true,
      }}
      height={280}
      {...{ curves, onDraw }}
    />
  );
}
