import { initialize, mseLoss, pytorchDefault } from '../../src/nn/index.ts';
import { gradientDescent, infinite, mseDynamics, tangentKernel, wideNetwork } from '../../src/ntk/index.ts';
import { Generator, type NDArray, ndarray, referenceBackend } from '../../src/tensor/index.ts';
import { sgd, Trainer } from '../../src/training/index.ts';
import { color, type Figure, figure, type Panel, series } from './draw.ts';

const { serial, dense, relu } = infinite;
const n = 16;
const angles = Array.from({ length: n }, (_, i) => (2 * Math.PI * i) / n);
const circle = ndarray(
  angles.flatMap((t) => [Math.cos(t), Math.sin(t)]),
  [n, 2],
);
const targets = ndarray(
  angles.map((t) => Math.cos(t) + Math.cos(4 * t) / 2),
  [n, 1],
);

/** A network with one hidden layer of ReLUs, at initialisation. */
function start() {
  const network = wideNetwork(serial(dense(768, { biasStd: 0.5 }), relu(), dense(1, { biasStd: 0.5 })), [2]);
  initialize(network, pytorchDefault, new Generator(0));
  return network;
}

/** Loss and outputs before each step of full-batch gradient descent. */
async function descend(learningRate: number, steps: number): Promise<{ loss: number; output: NDArray }[]> {
  const settings = {
    loss: mseLoss,
    optimizer: sgd({ learningRate }),
    backend: referenceBackend,
    dtype: 'float64',
  } as const;
  const trainer = await Trainer.create(start(), settings);
  const taken = [];
  while (taken.length <= steps) taken.push(await trainer.step(circle, targets));
  trainer.dispose();
  return taken;
}

async function predictions() {
  const { kernel, logits } = await tangentKernel(start(), circle, { dtype: 'float64', backend: referenceBackend });
  return mseDynamics(kernel, targets, { initial: logits });
}

/** The amplitude of a frequency in the residual. */
function wave(output: ArrayLike<number>, frequency: number): number {
  const parts = angles.map((t, i) => (output[i] - targets.data[i]) * Math.cos(frequency * t));
  return Math.abs((2 / n) * parts.reduce((sum, part) => sum + part, 0));
}

/** Outputs after some steps, and the residuals of the two waves of the target, real and predicted. */
export async function modes(): Promise<Figure> {
  const dynamics = await predictions();
  const learningRate = dynamics.learningRateLimit() / 2;
  const steps = 200;
  const real = await descend(learningRate, steps);
  const all = Array.from({ length: steps + 1 }, (_, t) => t);
  const predicted = dynamics.predict(gradientDescent({ learningRate }), all);
  const shownSteps = [1, 10, 200];
  const closed = (values: ArrayLike<number>) =>
    [...angles, 2 * Math.PI].map((t, i) => ({ t: (180 * t) / Math.PI, f: values[i % n] }));
  const curves = shownSteps.flatMap((step, line) =>
    closed(real[step].output.data).map((point) => ({ ...point, step, line })),
  );
  const parts = [1, 4].flatMap((frequency, line) =>
    all.map((t) => ({
      ...{ t, line },
      real: wave(real[t].output.data, frequency),
      predicted: wave(predicted.data.subarray(t * n, (t + 1) * n), frequency),
    })),
  );
  const names = [
    { t: 46, y: 0.0025, text: 'cos t', line: 0 },
    { t: 150, y: 0.42, text: 'cos 4t', line: 1 },
  ];
  const colorOf = ({ line }: { line: number }) => series[line];
  return figure('Each mode of the target is learned at the pace of its eigenvalue', (Plot) => [
    {
      ...{ heading: 'Outputs after 1, 10 and 200 steps', width: 335, height: 300, marginLeft: 40, marginBottom: 42 },
      x: { label: 'angle (degrees)', labelAnchor: 'center', labelArrow: 'none', ticks: [0, 90, 180, 270, 360] },
      y: { label: null, ticks: 4, domain: [-1.7, 2.1] },
      marks: [
        Plot.ruleY([0], { stroke: color.line }),
        Plot.dot(closed(targets.data), { x: 't', y: 'f', fill: color.ink, r: 3.5 }),
        Plot.line(curves, { x: 't', y: 'f', z: 'step', stroke: colorOf, strokeWidth: 2 }),
        Plot.text(
          [
            { x: 100, text: '• target', fill: color.ink },
            ...shownSteps.map((step, line) => ({ x: 165 + 62 * line, text: `— ${step}`, fill: series[line] })),
          ],
          { x: 'x', y: 1.95, text: 'text', fill: 'fill', fontWeight: 600 },
        ),
      ],
    },
    {
      ...{
        heading: 'Residual of each wave (dots: real)',
        width: 335,
        height: 300,
        marginLeft: 56,
        marginBottom: 42,
      },
      x: { label: 'step', labelAnchor: 'center', labelArrow: 'none', ticks: 5 },
      y: { type: 'log', label: null, grid: true, ticks: 4, tickFormat: '~g', domain: [1e-3, 1.5] },
      marks: [
        Plot.line(
          parts.filter(({ predicted: size }) => size > 1e-3),
          { x: 't', y: 'predicted', z: 'line', stroke: colorOf, strokeWidth: 2 },
        ),
        Plot.dot(
          parts.filter(({ t, real: size }) => size > 1e-3 && (t % 10 === 0 || (t < 20 && t % 2 === 0))),
          {
            ...{ x: 't', y: 'real', fill: colorOf, r: 3 },
          },
        ),
        Plot.text(names, { x: 't', y: 'y', text: 'text', fill: colorOf, fontWeight: 600 }),
      ],
    },
  ]);
}

/** Losses at three learning rates, below and above the limit. */
export async function limit(): Promise<Figure> {
  const dynamics = await predictions();
  const steps = 60;
  const all = Array.from({ length: steps + 1 }, (_, t) => t);
  const panels = await Promise.all(
    [0.5, 0.95, 1.05].map(async (share, line) => {
      const learningRate = share * dynamics.learningRateLimit();
      const real = await descend(learningRate, steps);
      const predicted = dynamics.loss(gradientDescent({ learningRate }), all);
      return { share, line, losses: all.map((t) => ({ t, real: real[t].loss, predicted: predicted[t] })) };
    }),
  );
  const note = {
    x: 't',
    y: 'y',
    text: () => 'line: predicted, dots: real',
    textAnchor: 'end',
    fontSize: 11.5,
    fill: color.quiet,
  } as const;
  return figure('The loss at 0.5, 0.95 and 1.05 of the limit of the learning rate', (Plot, narrow) =>
    panels.map(({ share, line, losses }): Panel => ({
      ...{
        heading: `${share} of the limit`,
        width: narrow ? 314 : line === 0 ? 232 : 208,
        height: narrow ? 200 : 260,
        marginLeft: line === 0 || narrow ? 48 : 20,
        marginBottom: 42,
      },
      x: { label: 'step', labelAnchor: 'center', labelArrow: 'none', ticks: 4 },
      y: {
        ...{ type: 'log', label: null, grid: true, domain: [0.03, 60], ticks: [0.1, 1, 10], clamp: false },
        tickFormat: line === 0 || narrow ? '~g' : () => '',
      },
      marks: [
        Plot.line(
          losses.filter(({ predicted }) => predicted < 60),
          { x: 't', y: 'predicted', stroke: series[line], strokeWidth: 2 },
        ),
        Plot.dot(
          losses.filter(({ t }) => t % 2 === 0),
          { x: 't', y: 'real', fill: series[line], r: 2.5 },
        ),
        ...(line === 0 ? [Plot.text([{ t: steps, y: 42 }], note)] : []),
      ],
    })),
  );
}
