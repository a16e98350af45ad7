import type * as PlotModule from '@observablehq/plot';
import type { ConditionNumber } from 'ntkit/ntk';
import { format } from 'ntkit/report';
import { useCallback } from 'preact/hooks';
import { PlotFigure } from './plotFigure.tsx';

/** The eigenvalues of a kernel on a log axis, the largest first, with the noise floor as a line. */
export function Spectrum({
  spectrum,
  height = 260,
  onDraw,
}: {
  readonly spectrum: Pick<ConditionNumber, 'eigenvalues' | 'noiseFloor' | 'lambdaMax'>;
  readonly height?: number;
  readonly onDraw?: (svg: SVGSVGElement) => void;
}) {
  const { eigenvalues, noiseFloor, lambdaMax } = spectrum;
  const options = useCallback(
    (Plot: typeof PlotModule, width: number): PlotModule.PlotOptions => {
      const floor = noiseFloor > 0 ? noiseFloor : Math.abs(lambdaMax || 1) * 1e-16;
      const points = [...eigenvalues].reverse().map((value, i) => ({
        rank: i + 1,
        // Values that a log axis cannot show are drawn at its lower end, as crosses.
        height: value > 0 ? value : floor,
        below: !(value > 0),
        title: `λ${i + 1} = ${format(value)}`,
      }));
      type Point = (typeof points)[number];
      const heights = [floor, ...points.map((point) => point.height)].filter((h) => Number.isFinite(h) && h > 0);
      return {
        marginLeft: 52,
        marginRight: 12,
        marginBottom: 36,
        x: { label: 'rank →', domain: [0.5, points.length + 0.5], ticks: Math.min(points.length, width / 40) },
        y: {
          type: 'log',
          label: '↑ eigenvalue of Θ',
          grid: true,
          ticks: 5,
          tickFormat: (value: number) => value.toExponential(0).replace('e+', 'e'),
          domain: [Math.min(...heights) / 2, 2 * Math.max(...heights)],
        },
        symbol: { type: 'identity' },
        marks: [
          Plot.ruleY([floor], { stroke: 'var(--bad)', strokeDasharray: '5 4' }),
          Plot.text(['noise floor'], {
            ...{ x: points.length + 0.5, y: floor, textAnchor: 'end', dy: -7, fill: 'var(--bad)' },
          }),
          Plot.line(
            points.filter(({ below }) => !below),
            { x: 'rank', y: 'height', stroke: 'var(--good)', strokeOpacity: 0.35 },
          ),
          Plot.dot(points, {
            ...{ x: 'rank', y: 'height', r: points.length > 40 ? 2.5 : 4, title: 'title', tip: true },
            symbol: (point: Point) => (point.below ? 'times' : 'circle'),
            fill: (point: Point) => (point.below ? 'none' : 'var(--good)'),
            stroke: (point: Point) => (point.below ? 'var(--bad)' : 'none'),
          }),
        ],
      };
    },
    [eigenvalues, noiseFloor, lambdaMax],
  );
  return (
    <PlotFigure
      label={`${eigenvalues.length} eigenvalues from ${format(eigenvalues[eigenvalues.length - 1])} down to ${format(eigenvalues[0])}, noise floor ${format(noiseFloor)}`}
      options={options}
      height={height}
      {...(onDraw ? { onDraw } : {})}
    />
  );
}
