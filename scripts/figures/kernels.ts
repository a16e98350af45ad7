import { initialize, pytorchDefault } from '../../src/nn/index.ts';
import { infinite, infiniteKernel, symmetricEigen, tangentKernel, wideNetwork } from '../../src/ntk/index.ts';
import { Generator, type NDArray, ndarray, referenceBackend } from '../../src/tensor/index.ts';
import { color, type Figure, figure, heatPanel, series } from './draw.ts';

const { serial, dense, relu } = infinite;

/** A ReLU network with one hidden layer, of infinite and of finite width. */
function network(width: number, biasStd: number) {
  return serial(dense(width, { biasStd }), relu(), dense(1, { biasStd }));
}

/** n points on the unit circle, [n, 2]. */
function circlePoints(n: number): NDArray {
  const angles = Array.from({ length: n }, (_, i) => (2 * Math.PI * i) / n);
  return ndarray(
    angles.flatMap((t) => [Math.cos(t), Math.sin(t)]),
    [n, 2],
  );
}

/** The infinite kernel of points on a circle, its leading eigenvectors, and its eigenvalues by frequency. */
export async function circle(): Promise<Figure> {
  const n = 32;
  const points = circlePoints(n);
  const { ntk } = await infiniteKernel(network(512, 1), points);
  const { ntk: plain } = await infiniteKernel(network(512, 0), points);
  const wide = wideNetwork(network(2048, 1), [2]);
  initialize(wide, pytorchDefault, new Generator(0));
  const { kernel } = await tangentKernel(wide, points, { dtype: 'float64', backend: referenceBackend });
  const { vectors } = symmetricEigen(kernel, { vectors: true });
  const lines = [1, 2, 4, 6].flatMap((rank, line) => {
    const column = Array.from({ length: n }, (_, i) => vectors.data[i * n + n - rank]);
    const sign = Math.sign(column.find((v) => Math.abs(v) > 0.1) ?? 1);
    return [...column, column[0]].map((v, i) => ({ degrees: (360 * i) / n, value: sign * v, rank, line }));
  });
  const eigenvalue = (theta: NDArray, k: number) =>
    Array.from({ length: n }, (_, i) => theta.data[i] * Math.cos((2 * Math.PI * i * k) / n)).reduce((a, b) => a + b) /
    n;
  const bars = Array.from({ length: 13 }, (_, k) => [
    { k, value: eigenvalue(ntk, k), biased: true },
    { k, value: eigenvalue(plain, k), biased: false },
  ]).flat();
  const visible = bars.filter(({ value }) => value > 1e-9);
  return figure('The tangent kernel of a ReLU network on points of a circle', (Plot) => [
    heatPanel(Plot, ntk, { heading: 'Θ of 32 points', side: 165, across: 'point', down: 'point' }),
    {
      ...{
        heading: 'Eigenvectors, width 2,048',
        width: 232,
        height: 232,
        marginLeft: 40,
        marginBottom: 40,
      },
      x: { label: 'angle (degrees)', labelAnchor: 'center', labelArrow: 'none', ticks: [0, 90, 180, 270, 360] },
      y: { label: null, ticks: 3, domain: [-0.27, 0.37] },
      marks: [
        Plot.ruleY([0], { stroke: color.line }),
        Plot.line(lines, {
          ...{ x: 'degrees', y: 'value', z: 'rank', strokeWidth: 2, curve: 'natural' },
          stroke: ({ line }: (typeof lines)[number]) => series[line],
        }),
        Plot.text(
          [1, 2, 4, 6].map((rank, line) => ({ degrees: 170 + 60 * line, rank, line })),
          {
            ...{ x: 'degrees', y: 0.34, fontWeight: 600 },
            text: ({ rank }: { rank: number }) => `— ${rank}`,
            fill: ({ line }: { line: number }) => series[line],
          },
        ),
      ],
    },
    {
      ...{
        heading: 'Eigenvalue by frequency',
        width: 228,
        height: 232,
        marginLeft: 52,
        marginBottom: 40,
        marginRight: 14,
      },
      x: { label: 'frequency', labelAnchor: 'center', labelArrow: 'none', ticks: [0, 2, 4, 6, 8, 10, 12] },
      y: { type: 'log', label: null, grid: true, ticks: 5, tickFormat: '~g' },
      marks: [
        Plot.dot(visible, {
          ...{ x: 'k', y: 'value', r: 4.5 },
          fill: ({ biased }: (typeof bars)[number]) => (biased ? color.blue : 'none'),
          stroke: ({ biased }: (typeof bars)[number]) => (biased ? color.blue : color.orange),
          strokeWidth: 2,
        }),
        Plot.text(
          [
            { y: 0.62, text: '● with biases', fill: color.blue },
            { y: 0.34, text: '○ without', fill: color.orange },
          ],
          { x: 12, y: 'y', text: 'text', fill: 'fill', textAnchor: 'end' },
        ),
      ],
    },
  ]);
}

/** The distance of kernels of finite networks from the infinite one: ten draws for each of five widths. */
export async function width(): Promise<Figure> {
  const points = circlePoints(16);
  const { ntk } = await infiniteKernel(network(512, 0), points);
  const size = Math.hypot(...ntk.data);
  const dots: { width: number; deviation: number }[] = [];
  for (const width of [16, 64, 256, 1024, 4096]) {
    const wide = wideNetwork(network(width, 0), [2]);
    for (let draw = 0; draw < 10; draw++) {
      initialize(wide, pytorchDefault, new Generator(draw));
      const { kernel } = await tangentKernel(wide, points, { dtype: 'float64', backend: referenceBackend });
      dots.push({ width, deviation: Math.hypot(...kernel.data.map((v, i) => v - ntk.data[i])) / size });
    }
  }
  const law = [12, 5500].map((width) => ({ width, deviation: 2 / Math.sqrt(width) }));
  return figure('Finite kernels approach the infinite one as 1/√width', (Plot) => [
    {
      ...{ heading: '‖Θ − Θ∞‖ / ‖Θ∞‖, ten draws a width', width: 560, height: 280, marginLeft: 56, marginBottom: 42 },
      x: {
        type: 'log',
        base: 2,
        label: 'width',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: [16, 64, 256, 1024, 4096],
        tickFormat: (n: number) => n.toLocaleString('en'),
      },
      y: { type: 'log', label: null, grid: true, ticks: [0.02, 0.05, 0.1, 0.2, 0.5], tickFormat: '~g' },
      marks: [
        Plot.line(law, { x: 'width', y: 'deviation', stroke: color.orange, strokeWidth: 1.5, strokeDasharray: '5 4' }),
        Plot.text([{ width: 14, deviation: 0.05 }], {
          ...{ x: 'width', y: 'deviation', text: () => '--- 2/√width', fill: color.orange, textAnchor: 'start' },
        }),
        Plot.dot(dots, { x: 'width', y: 'deviation', fill: color.blue, fillOpacity: 0.65, r: 3.5 }),
      ],
    },
  ]);
}
