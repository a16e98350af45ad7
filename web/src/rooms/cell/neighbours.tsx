import type * as PlotModule from '@observablehq/plot';
import { format } from 'ntkit/report';
import { useCallback, useState } from 'preact/hooks';
import { type Figure, PlotFigure } from '../../ui/plotFigure.tsx';
import { archOf } from './cells.ts';
import type { Benchmark } from './benchmark.ts';

/** A cell that is shown among the swept ones. */
export interface Marked {
  readonly label: string;
  /** Its index among the 15,625 cells. */
  readonly cell: number;
  /** NaN where λmin is lost. */
  readonly kappa: number;
}

const HEIGHT = 320;

/** Accuracies crowd at the top: the axis is a log scale of the error in percent, labelled with accuracies. */
const ERRORS = [10, 50, 70, 80, 85, 88, 90, 92, 93, 94].map((accuracy) => 100 - accuracy);
const [ERROR_LEAST, ERROR_MOST] = [5.2, 92];
const KAPPAS = [10, 20, 50, 100, 200, 500, 1000, 2000];
const [KAPPA_LEAST, KAPPA_MOST] = [8, 2600];

/**
 * The 1,000 swept cells by κ and accuracy, with the cells of the room among them. A κ beyond the axis is drawn at its
 * end, with an arrow. A click chooses a cell.
 */
export function Neighbours({
  benchmark,
  marked,
  onChoose,
  onDraw,
}: {
  readonly benchmark: Benchmark;
  readonly marked: readonly Marked[];
  /** Given the text of the cell that was clicked. */
  readonly onChoose: (arch: string) => void;
  readonly onDraw: (svg: SVGSVGElement) => void;
}) {
  const [scales, setScales] = useState<{ readonly x: (k: number) => number; readonly y: (a: number) => number }>();
  const options = useCallback(
    (Plot: typeof PlotModule): PlotModule.PlotOptions => {
      const points = benchmark.swept
        .filter(({ kappa }) => kappa > 0)
        .map(({ cell, digits, kappa }) => ({ digits, kappa, error: 100 - benchmark.recorded(cell).cifar10 }));
      type Point = (typeof points)[number];
      return {
        ...{ marginLeft: 44, marginRight: 16, marginBottom: 38 },
        x: { type: 'log', domain: [KAPPA_LEAST, KAPPA_MOST], axis: null },
        y: { type: 'log', domain: [ERROR_MOST, ERROR_LEAST], axis: null },
        marks: [
          Plot.gridX(KAPPAS),
          Plot.gridY(ERRORS),
          Plot.axisX(KAPPAS, { text: String, label: 'κ →' }),
          Plot.axisY(ERRORS, { text: (error: number) => String(100 - error), label: '↑ test accuracy on CIFAR-10, %' }),
          Plot.dot(points, {
            ...{ x: 'kappa', y: 'error', r: 2.2, fill: 'var(--quiet)', fillOpacity: 0.45, tip: true },
            title: ({ digits, kappa, error }: Point) =>
              `${archOf(digits).replaceAll('+', '\n+')}\nκ ${format(kappa)}, ${(100 - error).toFixed(2)} %`,
          }),
        ],
      };
    },
    [benchmark],
  );
  const draw = useCallback(
    (svg: SVGSVGElement, figure: Figure) => {
      const [x, y] = [figure.scale('x'), figure.scale('y')];
      setScales({ x: (kappa) => x!.apply(kappa) as number, y: (accuracy) => y!.apply(100 - accuracy) as number });
      figure.addEventListener('click', () => {
        const { value } = figure as unknown as { readonly value: { readonly digits: string } | null };
        if (value) onChoose(archOf(value.digits));
      });
      onDraw(svg);
    },
    [onChoose, onDraw],
  );
  const lost = benchmark.swept.filter(({ kappa }) => !(kappa > 0)).length;
  return (
    <>
      <div class="scatter">
        <PlotFigure
          label={`κ and CIFAR-10 accuracy of ${benchmark.swept.length - lost} swept cells, ${marked.map(({ label, kappa, cell }) => `${label}: ${Number.isNaN(kappa) ? 'κ is lost' : `κ ${format(kappa)}`}, ${benchmark.recorded(cell).cifar10.toFixed(2)} %`).join('; ')}`}
          options={options}
          height={HEIGHT}
          onDraw={draw}
        />
        {scales && (
          <svg class="marks" width="100%" height={HEIGHT} aria-hidden="true">
            {marked
              .filter(({ kappa }) => kappa > 0 && Number.isFinite(kappa))
              .map(({ label, cell, kappa }) => {
                const [x, y] = [
                  scales.x(Math.min(KAPPA_MOST, Math.max(KAPPA_LEAST, kappa))),
                  scales.y(benchmark.recorded(cell).cifar10),
                ];
                return (
                  <g key={label}>
                    <circle cx={x} cy={y} r={8} />
                    <text x={x + 13} y={y + 5}>
                      {kappa > KAPPA_MOST
                        ? `${label} → ${format(kappa)}`
                        : kappa < KAPPA_LEAST
                          ? `← ${format(kappa)} ${label}`
                          : label}
                    </text>
                  </g>
                );
              })}
          </svg>
        )}
      </div>
      <p class="muted small">
        Each dot is one of 1,000 random cells: κ at C = 16, N = 1 on 32 images, Kaiming initialisation, the mean of
        three draws; {lost} cells whose λmin is lost in rounding are left out. κ above depends on the settings on the
        left, and is comparable with the dots at C = 16 and 32 images. Click a dot to choose its cell.
      </p>
    </>
  );
}
