import { jacobian } from '../../src/autodiff/index.ts';
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  Flatten,
  initialize,
  Linear,
  pytorchDefault,
  ReLU,
  Sequential,
  Trace,
  updateRunningStatistics,
} from '../../src/nn/index.ts';
import { cast, evaluate, Generator, type NDArray, referenceBackend } from '../../src/tensor/index.ts';
import { type Figure, figure, heatPanel } from './draw.ts';

/** How much output i depends on image j, in both modes: the length of ∂fᵢ/∂xⱼ for a network with two batch norms. */
export async function coupling(): Promise<Figure> {
  const generator = new Generator(0);
  const conv = (inputs: number, outputs: number) => new Conv2d(inputs, outputs, 3, { padding: 1, bias: false });
  const body = [conv(3, 8), new BatchNorm2d(8), new ReLU(), conv(8, 8), new BatchNorm2d(8), new ReLU()];
  const network = new Sequential(...body, new AdaptiveAvgPool2d(1), new Flatten(), new Linear(8, 1));
  initialize(network, pytorchDefault, generator);
  const images = generator.normals([8, 3, 6, 6], { dtype: 'float64' });
  await updateRunningStatistics(network, { images }, { momentum: 1, backend: referenceBackend, dtype: 'float64' });
  const [train, evaluation] = await Promise.all(
    (['train', 'eval'] as const).map((mode) => sizes(network, images, mode)),
  );
  const size = { side: 260, across: 'image j', down: 'output i' };
  return figure('How much output i depends on image j', (Plot) => [
    heatPanel(Plot, train, { ...size, heading: 'Train mode: ‖∂fᵢ/∂xⱼ‖' }),
    heatPanel(Plot, evaluation, { ...size, heading: 'Eval mode' }),
  ]);
}

async function sizes(network: Sequential, images: NDArray, mode: 'train' | 'eval'): Promise<NDArray> {
  const trace = new Trace(network, images.shape, { mode });
  const [rows] = jacobian(trace.y, [trace.x]);
  const values = new Map([...trace.leaves].map(([variable, leaf]) => [leaf, cast(variable.value, 'float64')]));
  const [derivative] = await evaluate([rows], values.set(trace.x, images), referenceBackend);
  const [n] = images.shape;
  const each = images.data.length / n;
  const lengths = Float64Array.from({ length: n * n }, (_, k) =>
    Math.hypot(...derivative.data.subarray(k * each, (k + 1) * each)),
  );
  return { data: lengths, shape: [n, n], dtype: 'float64' };
}
