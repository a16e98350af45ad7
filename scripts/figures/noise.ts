import { initialize, Linear, pytorchDefault, ReLU, Sequential, Tanh } from '../../src/nn/index.ts';
import { computeNtk, JacobianProgram, preciseNtk, symmetricEigen } from '../../src/ntk/index.ts';
import { type DType, Generator, type NDArray, ndarray, referenceBackend } from '../../src/tensor/index.ts';
import { color, type Figure, figure, series, tint } from './draw.ts';

const options = { outputs: 'sum', parameters: 'all', mode: 'eval', backend: referenceBackend } as const;

/** κ against the distance of the closest pair of samples, in four precisions, with the interval of the default one. */
export async function noise(): Promise<Figure> {
  const generator = new Generator(0);
  const network = new Sequential(new Linear(3, 32), new Tanh(), new Linear(32, 1));
  initialize(network, pytorchDefault, generator);
  const base = generator.normals([6, 3]);
  const points: { delta: number; kappa: number; way: number }[] = [];
  const band: { delta: number; low: number; high: number }[] = [];
  for (let exponent = 0; exponent <= 6.01; exponent += 0.25) {
    const delta = 10 ** -exponent;
    const x = ndarray(
      Array.from(base.data, (v, k) => (k < 15 ? v : Math.fround(base.data[k - 15] + delta * v))),
      [6, 3],
      'float32',
    );
    const float32 = await computeNtk(network, x, { ...options, dtype: 'float32' });
    const kappas = [
      await everythingInFloat32(network, x),
      float32.kappa,
      (await computeNtk(network, x, { ...options, dtype: 'float64' })).kappa,
      (await preciseNtk(network, x, options)).kappa,
    ];
    points.push(...kappas.map((kappa, way) => ({ delta, kappa, way })));
    const [low, high] = float32.kappaInterval;
    band.push({ delta, low, high: Math.min(high, 1e16) });
  }
  const ways = ['float32 throughout', 'float32 rows, Θ in float64', 'float64', 'singular values of J'];
  const colors = [color.orange, color.blue, color.green, color.quiet];
  const floor = 40;
  const shown = points.map((point) => ({
    ...point,
    height: point.kappa > 0 ? point.kappa : floor,
    negative: point.kappa <= 0,
  }));
  const last = 10 ** -6;
  return figure('κ against the distance of the closest pair, computed in four ways', (Plot) => [
    {
      ...{
        heading: 'κ of six samples, two a distance δ apart',
        width: 640,
        height: 380,
        marginLeft: 56,
        marginBottom: 44,
      },
      marginRight: 20,
      x: {
        ...{ type: 'log', reverse: true, label: 'δ', labelAnchor: 'center', labelArrow: 'none', ticks: 7 },
        tickFormat: power,
      },
      y: { type: 'log', label: null, grid: true, ticks: 8, tickFormat: power, domain: [8, 1e16] },
      marks: [
        Plot.areaY(band, { x: 'delta', y1: 'low', y2: 'high', fill: tint(color.blue, 0.16) }),
        Plot.line(
          points.filter(({ way }) => way === 3),
          { x: 'delta', y: 'kappa', stroke: color.quiet, strokeWidth: 1.5 },
        ),
        ...[0, 1, 2].map((one) =>
          Plot.dot(
            shown.filter(({ way, negative }) => way === one && !negative),
            {
              ...{ x: 'delta', y: 'height', strokeWidth: 1.8, r: one === 1 ? 5.5 : 3 },
              ...{ fill: one === 1 ? 'none' : colors[one], stroke: colors[one] },
            },
          ),
        ),
        Plot.text(
          shown.filter(({ way, negative }) => way < 3 && negative),
          {
            ...{ x: 'delta', y: 'height', text: () => '×', fontSize: 18, fontWeight: 700 },
            fill: ({ way }: (typeof shown)[number]) => colors[way],
          },
        ),
        Plot.text(
          ways.map((text, way) => ({
            text: `${'●○●—'[way]} ${text}`,
            y: 10 ** (15.2 - way * 0.85),
            fill: colors[way],
          })),
          { x: 0.8, y: 'y', text: 'text', fill: 'fill', textAnchor: 'start', fontWeight: 600 },
        ),
        Plot.text([{ x: 0.8, y: 10 ** 11.8 }], {
          x: 'x',
          y: 'y',
          text: () => '▒ interval of the blue points',
          textAnchor: 'start',
          fill: color.quiet,
        }),
        Plot.text([{ x: last, y: floor }], {
          x: 'x',
          y: 'y',
          text: () => '×: negative',
          dy: -16,
          textAnchor: 'end',
          fill: color.orange,
        }),
      ],
    },
  ]);
}

function power(value: number): string {
  return `10${String(Math.round(Math.log10(value))).replace(/./g, (digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]))}`;
}

async function everythingInFloat32(network: Sequential, x: NDArray): Promise<number> {
  const program = await JacobianProgram.compile(network, x.shape, {
    outputs: 'sum',
    dtype: 'float32',
    backend: referenceBackend,
  });
  const { parameters } = await program.run(x);
  program.dispose();
  const n = x.shape[0];
  const rows = Array.from({ length: n }, (_, i) =>
    parameters.flatMap(({ rows: { data, shape } }) => [...data.subarray(i * shape[1], (i + 1) * shape[1])]),
  );
  const dot = (a: number[], b: number[]) => a.reduce((sum, v, k) => Math.fround(sum + Math.fround(v * b[k])), 0);
  const { values } = symmetricEigen(
    ndarray(
      rows.flatMap((a) => rows.map((b) => dot(a, b))),
      [n, n],
    ),
  );
  return values[n - 1] / values[0];
}

/** κ as the input of a ReLU goes through 0, in float64, and close to it in float32 and in float64. */
export async function kink(): Promise<Figure> {
  const network = new Sequential(new Linear(2, 8), new ReLU(), new Linear(8, 1));
  initialize(network, pytorchDefault, new Generator(1));
  const samples = new Generator(2).normals([4, 2]);
  const [weight, bias] = [...network.namedParameters()].map(([, parameter]) => parameter);
  const kappaAt = async (shift: number, dtype: DType) => {
    const values = Array.from(bias.value.data);
    values[2] = shift - weight.value.data[4] * samples.data[0] - weight.value.data[5] * samples.data[1];
    bias.value = ndarray(values, [8], dtype);
    return (await computeNtk(network, samples, { ...options, dtype })).kappa;
  };
  const wide: { shift: number; kappa: number; side: boolean }[] = [];
  for (let k = -40; k <= 40; k++) {
    const shift = (k + 0.5) / 400;
    wide.push({ shift, kappa: await kappaAt(shift, 'float64'), side: shift > 0 });
  }
  const close: { shift: number; kappa: number; dtype: DType }[] = [];
  for (let k = -30; k <= 30; k++) {
    for (const dtype of ['float64', 'float32'] as const) {
      const shift = (k + 0.5) * 5e-9;
      close.push({ shift: shift * 1e7, kappa: await kappaAt(shift, dtype), dtype });
    }
  }
  const size = { width: 332, height: 270, marginLeft: 48, marginBottom: 44 };
  const y = { label: null, grid: true, ticks: 5, domain: [130, 225] };
  return figure('κ as the input of a ReLU goes through 0', (Plot) => [
    {
      ...{ ...size, heading: 'κ against the input of one ReLU', y },
      x: { label: 'input', labelAnchor: 'center', labelArrow: 'none', ticks: 5 },
      marks: [Plot.line(wide, { x: 'shift', y: 'kappa', z: 'side', stroke: color.blue, strokeWidth: 2.5 })],
    },
    {
      ...{ ...size, heading: 'Near 0 in float64, float32 (dots)', y },
      x: { label: 'input · 10⁷', labelAnchor: 'center', labelArrow: 'none', ticks: 5 },
      marks: [
        Plot.line(
          close.filter(({ dtype }) => dtype === 'float64'),
          { x: 'shift', y: 'kappa', curve: 'step', stroke: color.blue, strokeWidth: 2.5 },
        ),
        Plot.dot(
          close.filter(({ dtype }) => dtype === 'float32'),
          { x: 'shift', y: 'kappa', fill: series[1], r: 3 },
        ),
      ],
    },
  ]);
}
