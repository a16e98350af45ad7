import {
  BatchNorm2d,
  Conv2d,
  Flatten,
  GlobalAvgPool2d,
  initialize,
  kaimingNormal,
  LeakyReLU,
  Linear,
  MaxPool2d,
  type Mode,
  type Module,
  ReLU,
  Sequential,
  Trace,
  withZeroBias,
} from '../../src/nn/index.ts';
import { type KinkSite, kinkSites } from '../../src/ntk/certificate/kinkSites.ts';
import {
  type Backend,
  cast,
  type DType,
  evaluate,
  Generator,
  type NDArray,
  referenceBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { smallNetwork, smallNetworks } from './networks.ts';

/** A network with a batch in float32, and its mode. */
export interface KinkCase {
  readonly network: Module;
  readonly x: NDArray;
  readonly mode: Mode;
}

/** Random networks of five kinds; in two of them some inputs are within rounding of a kink. */
export async function kinkCase(seed: number): Promise<KinkCase> {
  const mode = (seed >> 3) % 2 === 0 ? 'eval' : 'train';
  const kind = seed % 5;
  if (kind < 3) {
    return { network: smallNetwork(smallNetworks[kind], seed), x: cast(draw(seed, [6, 3, 12, 12]), 'float32'), mode };
  }
  const [network, shape, layers] = kind === 3 ? convolutional() : fullyConnected();
  const generator = new Generator(seed);
  initialize(network, withZeroBias(kaimingNormal('fan-in')), generator);
  const x = cast(draw(seed, shape), 'float32');
  for (let planted = 0; planted < 3; planted++) await plantKink({ network, x, mode }, layers, generator);
  return { network, x, mode };
}

type Layers = readonly (BatchNorm2d | Linear)[];

function convolutional(): [Sequential, number[], Layers] {
  const norms = Array.from({ length: 6 }, () => new BatchNorm2d(8));
  const blocks = norms.flatMap((norm, i) => [
    new Conv2d(i === 0 ? 3 : 8, 8, 3, { padding: 1 }),
    norm,
    new ReLU(),
    ...(i === 2 ? [new MaxPool2d(2)] : []),
  ]);
  return [new Sequential(...blocks, new GlobalAvgPool2d(), new Linear(8, 4)), [8, 3, 16, 16], norms];
}

function fullyConnected(): [Sequential, number[], Layers] {
  const linears = Array.from({ length: 5 }, (_, i) => new Linear(i === 0 ? 192 : 200, 200));
  const layers = linears.flatMap((linear, i) => [linear, i % 2 === 0 ? new LeakyReLU(0.1) : new ReLU()]);
  return [new Sequential(new Flatten(), ...layers, new Linear(200, 3)), [12, 3, 8, 8], linears];
}

/** Moves a bias in front of a ReLU so that one input of the ReLU is 0 but for the bias's own rounding. */
async function plantKink({ network, x, mode }: KinkCase, layers: Layers, generator: Generator): Promise<void> {
  const trace = new Trace(network, x.shape, { mode, dtype: 'float64' });
  const rectified = kinkSites(trace.y, [trace.x]).filter(({ tensor: { op } }) => {
    return op.kind === 'primitive' && op.primitive !== 'maxPoolIndex';
  });
  const k = Math.floor(generator.uniform() * rectified.length);
  const feeds = new Map([...trace.variables(), [trace.x, cast(x, 'float64')]]);
  const [{ shape, data }] = await evaluate([rectified[k].watched[0]], feeds, referenceBackend);
  const element = Math.floor(generator.uniform() * data.length);
  const pixels = shape.slice(2).reduce((a, b) => a * b, 1);
  const bias = layers[k].bias!;
  const next = Float64Array.from(bias.value.data);
  next[Math.floor(element / pixels) % shape[1]] -= data[element];
  bias.value = cast({ shape: bias.shape, dtype: 'float64', data: next }, 'float32');
}

/** The number of kink inputs that are on a different side in a backend's forward pass than in float64. */
export async function differentSides({ network, x, mode }: KinkCase, backend: Backend): Promise<number> {
  const gapsOf = async (dtype: DType, on: Backend) => {
    const trace = new Trace(network, x.shape, { mode, dtype });
    const sites = kinkSites(trace.y, [trace.x]);
    const feeds = new Map([...trace.variables(), [trace.x, cast(x, dtype)]]);
    const values = await evaluate(
      sites.flatMap(({ watched }) => watched),
      feeds,
      on,
    );
    return sidesOf(sites, values);
  };
  const [own, exact] = [await gapsOf('float32', backend), await gapsOf('float64', referenceBackend)];
  return own.filter((side, i) => side !== exact[i]).length;
}

function sidesOf(sites: readonly KinkSite[], values: NDArray[]): string[] {
  return sites.flatMap((site) => {
    const sides: string[] = [];
    const own = values.splice(0, site.watched.length).map(({ data }) => data);
    // For a maximum the losing operand does not matter, except that it loses.
    site.forEachGap(own, ({ above }) => sides.push(above ? 'above' : 'below'));
    return sides;
  });
}
