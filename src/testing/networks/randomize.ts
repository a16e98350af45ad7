import { Buffer, initialize, kaimingNormal, type Module, withZeroBias } from '../../nn/index.ts';
import { Generator, type NDArray } from '../../tensor/index.ts';
import { mapArray } from '../arrays.ts';

/**
 * Gives every variable of a network a random value that float32 holds, so that no derivative vanishes by symmetry: weights
 * Kaiming normal, γ within 0.5 of 1, biases and running means within 0.5 of 0, running variances within 0.5 of 1.
 * Architecture parameters stay.
 *
 * @returns the network.
 *
 * @example
 * const layer = randomize(new Linear(3, 2), 7);
 * const again = randomize(new Linear(3, 2), 7);
 * console.log(largestDifference(layer.weight.value, again.weight.value)); // 0
 */
export function randomize<M extends Module>(network: M, seed: number): M {
  const generator = new Generator(seed);
  initialize(network, withZeroBias(kaimingNormal('fan-in')), generator);
  for (const [name, variable] of network.namedState()) {
    const center = centerOf(name, variable instanceof Buffer, variable);
    if (center === undefined) continue;
    const noise = generator.fork(`near ${name}`).normals(variable.shape, { std: 0.2, dtype: 'float32' });
    variable.value = mapArray(noise, (x) => Math.fround(center + Math.max(-0.5, Math.min(0.5, x))));
  }
  return network;
}

/** What a variable lies near, or undefined where it keeps the value that it was initialised with. */
function centerOf(
  name: string,
  isBuffer: boolean,
  variable: { readonly shape: readonly number[]; readonly value: NDArray },
) {
  if (isBuffer) return name.endsWith('running_var') ? 1 : 0;
  if (/(^|\.)(in_proj_)?bias$/.test(name)) return 0;
  // γ of a normalisation, and PReLU's slope: one number a channel, all the same at first.
  const { data } = variable.value;
  if (name.endsWith('weight') && variable.shape.length === 1) return data[0];
  return undefined;
}
