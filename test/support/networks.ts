import {
  BatchNorm2d,
  type Buffer,
  cellNetwork,
  Conv2d,
  DARTS_SPACE,
  DartsNetwork,
  initialize,
  kaimingNormal,
  Linear,
  type Module,
  NAS_BENCH_201_SPACE,
  type Parameter,
  parseGenotype,
  superNetwork,
  withZeroBias,
} from '../../src/nn/index.ts';
import { Generator } from '../../src/tensor/index.ts';

const tiny = { channels: 2, cells: 1, classes: 3, depth: -1, useStem: true };

const makers: Readonly<Record<string, () => Module>> = {
  'cell network': () =>
    cellNetwork(
      parseGenotype('|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|'),
      tiny,
    ),
  'NAS-Bench-201 supernet': () => superNetwork(NAS_BENCH_201_SPACE, 3, { ...tiny, channels: 3 }),
  'DARTS supernet': () =>
    new DartsNetwork({
      ...tiny,
      channels: 1,
      depth: 2,
      stemMultiplier: 1,
      steps: 2,
      multiplier: 2,
      space: DARTS_SPACE,
    }),
};

/** Small networks of every kind. */
export const smallNetworks: readonly string[] = Object.keys(makers);

/**
 * A small network, all of whose variables are random: γ near 1, β and running means near 0, running variances near 1,
 * so that no derivative vanishes by symmetry.
 */
export function smallNetwork(name: string, seed: number): Module {
  const network = makers[name]();
  const generator = new Generator(seed);
  initialize(network, withZeroBias(kaimingNormal('fan-in')), generator);
  for (const [path, module] of network.namedModules()) {
    const near = (variable: Parameter | Buffer | undefined, center: number, label: string) => {
      if (!variable) return;
      const noise = generator.fork(`${path} ${label}`).normals(variable.shape, { std: 0.2, dtype: 'float64' });
      variable.value = { ...noise, data: noise.data.map((x) => center + Math.max(-0.5, Math.min(0.5, x))) };
    };
    if (module instanceof BatchNorm2d) {
      near(module.weight, 1, 'gamma');
      near(module.bias, 0, 'beta');
      near(module.runningMean, 0, 'mean');
      near(module.runningVar, 1, 'variance');
    }
    if (module instanceof Conv2d || module instanceof Linear) near(module.bias, 0, 'bias');
  }
  return network;
}
