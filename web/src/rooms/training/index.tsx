import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ErrorLine } from '../../ui/errorLine.tsx';
import { type ExportItem, ExportMenu } from '../../ui/exportMenu.tsx';
import { canvasPng, csvBlob, svgBlob, svgPng } from '../../ui/exports.ts';
import { busy, failure, pause, restart, slowView, view, type View } from './computing.ts';
import { Explanation } from './explanation.tsx';
import { chosen, problem } from './link.ts';
import { CONTENDERS, contendersOf, FieldPlots, FunctionPlot, isLost, LossPlot, ModePlot, Swatch } from './plots.tsx';
import { axisOf } from './problem.ts';
import { Figures, learningRateSentence, ModeBars, ModeTable } from './readings.tsx';
import { Settings } from './settings.tsx';
import { Transport } from './transport.tsx';
import './training.css';

/** A network trains beside what its tangent kernel predicts. */
export default function Training() {
  useEffect(() => pause, []);
  return (
    <>
      <h1>Training</h1>
      <p class="lead">
        A network learns by gradient descent. Beside it, computed before its first step: what its tangent kernel says
        will happen, and what infinitely wide networks do.
      </p>
      <ErrorLine message={problem.value} />
      <ErrorLine message={failure.value} onRetry={restart} />
      <div class="training-room">
        <Picture />
        <Settings />
        <Results />
      </div>
    </>
  );
}

/** The function as it is learned, with the controls of training. */
function Picture() {
  const pictures = useRef(new Map<string, SVGSVGElement | HTMLCanvasElement>());
  const keep = useCallback((name: string, picture: SVGSVGElement | HTMLCanvasElement) => {
    pictures.current.set(name, picture);
  }, []);
  const [target, setTarget] = useState<1 | -1>(1);
  const now = view.value;
  return (
    <section class="panel picture-panel" aria-busy={busy.value}>
      <Transport />
      {now ? (
        <>
          {now.settings.samples[0].x.length === 1 ? (
            <>
              <Legend view={now} />
              <FunctionPlot view={now} keep={keep} />
            </>
          ) : (
            <>
              <FieldPlots view={now} keep={keep} target={target} />
              <fieldset class="target">
                <legend>Pressing adds a sample of class</legend>
                {([1, -1] as const).map((value) => (
                  <label key={value}>
                    <input type="radio" name="target" checked={target === value} onChange={() => setTarget(value)} />
                    {value === 1 ? '1 (blue)' : '−1 (orange)'}
                  </label>
                ))}
              </fieldset>
            </>
          )}
          {!now.frame.infinite && (
            <p class="muted small">The kernel of infinitely wide networks of this activation has no closed form.</p>
          )}
          {slowView.value && <Reading view={slowView.value} />}
          <ExportMenu label="Save" items={exportsOf(now, pictures.current)} />
        </>
      ) : (
        <p aria-busy={failure.value === undefined} class="muted placeholder">
          {failure.value === undefined ? `Drawing a network for ${chosen.value.title}` : 'No run'}
        </p>
      )}
    </section>
  );
}

function Legend({ view: now }: { readonly view: View }) {
  return (
    <ul class="legend">
      {contendersOf(now).map((name) => (
        <li key={name}>
          <Swatch name={name} />
          {CONTENDERS[name].title}
          {isLost(now, name) ? ': diverged' : name === 'infinite' && ': mean, and two standard deviations'}
        </li>
      ))}
    </ul>
  );
}

function Reading({ view: now }: { readonly view: View }) {
  const beyond = now.settings.rate > 1 || now.frame.diverged;
  return (
    <>
      <Figures view={now} />
      <p class={`sentence ${beyond ? 'beyond' : ''}`} data-testid="sentence">
        {learningRateSentence(now)}
      </p>
      <p class="sr-only" role="status">
        {now.frame.diverged ? `Diverged at step ${now.frame.step}` : ''}
      </p>
    </>
  );
}

function Results() {
  const pictures = useRef(new Map<string, SVGSVGElement>());
  const keep = useCallback((name: string, picture: SVGSVGElement | HTMLCanvasElement) => {
    pictures.current.set(name, picture as SVGSVGElement);
  }, []);
  const now = view.value;
  if (!now) return <div class="results" />;
  return (
    <div class="results">
      <section class="panel">
        <h2>Error</h2>
        <LossPlot view={now} keep={keep} />
        <ExportMenu label="Save" items={[...pictureItems('error', pictures.current), curvesItem(now)]} />
      </section>
      <section class="panel">
        <h2>Residual along eigenvectors</h2>
        <ModePlot view={now} keep={keep} />
        <p class="muted small">Solid: the network. Dashed: predicted. The colours are those of the table.</p>
        <ExportMenu label="Save" items={[...pictureItems('modes', pictures.current), curvesItem(now)]} />
      </section>
      <section class="panel wide">
        <h2>Eigenvectors of Θ, the fastest first</h2>
        <div class="modes">
          <ModeBars view={now} />
          {slowView.value && <ModeTable view={slowView.value} />}
        </div>
      </section>
      <WhenSeen>
        <Explanation />
      </WhenSeen>
    </div>
  );
}

/** Rendered when it comes near the viewport, so that formulas do not delay the first picture. */
function WhenSeen({ children }: { readonly children: ComponentChildren }) {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && setSeen(true), {
      rootMargin: '400px',
    });
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  return (
    <div class={`wide ${seen ? '' : 'unseen'}`} ref={place}>
      {seen && children}
    </div>
  );
}

function pictureItems(name: string, pictures: ReadonlyMap<string, SVGSVGElement>): ExportItem[] {
  return [
    { label: 'Picture as SVG', file: `${name}.svg`, make: () => svgBlob(pictures.get(name)!) },
    { label: 'Picture as PNG', file: `${name}.png`, make: () => svgPng(pictures.get(name)!) },
  ];
}

/** Errors and residuals of all steps in the history. */
function curvesItem({ history, description }: View): ExportItem {
  const numbers = description.eigenvalues.map((_, i) => i + 1);
  const head = [
    ...['step', 'mse network', 'mse linearised', 'mse infinite width'],
    ...numbers.flatMap((i) => [`residual ${i}`, `predicted residual ${i}`]),
  ];
  const rows = () =>
    history.map(({ step, real, linearised, infinite, modes }) => [
      ...[step, real, linearised, infinite ?? ''],
      ...modes.real.flatMap((residual, i) => [residual, modes.predicted[i]]),
    ]);
  return { label: 'Curves as CSV', file: 'training.csv', make: () => csvBlob(head, rows()) };
}

function exportsOf(now: View, pictures: ReadonlyMap<string, SVGSVGElement | HTMLCanvasElement>): ExportItem[] {
  if (now.settings.samples[0].x.length === 1) {
    return [
      ...pictureItems('function', pictures as ReadonlyMap<string, SVGSVGElement>),
      functionItem(now),
      curvesItem(now),
    ];
  }
  const images = contendersOf(now).map((name): ExportItem => {
    const { title } = CONTENDERS[name];
    const make = () => canvasPng(pictures.get(`field ${title}`) as HTMLCanvasElement);
    return { label: `${title} as PNG`, file: `${title.replaceAll(' ', '-')}.png`, make };
  });
  return [...images, functionItem(now), curvesItem(now)];
}

/** The functions that are drawn, as numbers. */
function functionItem(now: View): ExportItem {
  const { frame, description } = now;
  const axis = axisOf(description.side);
  const isOne = now.settings.samples[0].x.length === 1;
  const names = contendersOf(now);
  const places = isOne
    ? axis.map((x) => [x])
    : axis.toReversed().flatMap((second) => axis.map((first) => [first, second]));
  const deviation = frame.infinite?.deviation;
  const head = [
    ...(isOne ? ['x'] : ['x1', 'x2']),
    ...names.map((name) => CONTENDERS[name].title),
    ...(deviation ? ['standard deviation at infinite width'] : []),
  ];
  const rows = () =>
    places.map((x, i) => [...x, ...names.map((name) => frame[name]!.field[i]), ...(deviation ? [deviation[i]] : [])]);
  return { label: `Functions at step ${frame.drawn} as CSV`, file: 'functions.csv', make: () => csvBlob(head, rows()) };
}
