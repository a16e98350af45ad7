import fc from 'fast-check';
import type { NetworkCase } from '../arbitraries/networks.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';
import { largest, mapArray } from '../arrays.ts';
import { law, type Law } from '../law.ts';
import type { NetworkDescription } from '../networks/description.ts';
import { compared, prepared, sourceOfNetwork } from './cases.ts';
import type { KernelSubject } from './implementation.ts';

/** A convolution before batch norm in train mode, followed by a smooth function and a linear layer. */
const normalized = (eps: number) =>
  fc
    .record({
      c: extent(2),
      k: extent(3),
      size: fc.integer({ min: 3, max: 5 }),
      n: fc.integer({ min: 2, max: 4 }),
      seed: seeds,
    })
    .map(({ c, k, size, n, seed }): NetworkCase => {
      const layers = [['Conv2d', c, k, 3, { padding: 1 }], ['BatchNorm2d', k, { eps }], ['Tanh'], ['GlobalAvgPool2d'], ['Linear', k, 2]] as const; // prettier-ignore
      const network: NetworkDescription = ['Sequential', ...layers];
      return { network, shape: [n, c, size, size], mode: 'train', seed };
    });

const shifted: Law<KernelSubject> = law<KernelSubject, NetworkCase>({
  name: 'kernel under a shift before batch norm',
  statement: 'A constant that is added to a channel before batch norm in train mode does not change Θ.',
  share: 0.3,
  cases: { networks: normalized(0.1) },
  check: (subject, drawn) =>
    prepared(subject, drawn, async ({ kernel, x, module, bound }) => {
      const before = await kernel(x);
      const bias = module.namedParameters().get('0.bias')!;
      bias.value = mapArray(bias.value, (value) => value + 1);
      // A shift of 1, about the size of a channel, cancels against its mean: values of twice the size are rounded.
      return [compared('Θ', await kernel(x), before, 4 * bound)];
    }),
  source: sourceOfNetwork,
});

const scaled: Law<KernelSubject> = law<KernelSubject, NetworkCase>({
  name: 'kernel under a scale before batch norm',
  statement:
    'With ε = 0, a weight before batch norm that is multiplied by c divides its own part of Θ by c², and changes no other.',
  share: 0.3,
  cases: { networks: normalized(0) },
  check: (subject, drawn) =>
    prepared(subject, drawn, async ({ kernel, x, module, bound }) => {
      const weight = module.namedParameters().get('0.weight')!;
      const { value } = weight;
      const at = async (c: number) => {
        weight.value = mapArray(value, (each) => c * each);
        return kernel(x);
      };
      const [half, one, two] = [await at(0.5), await at(1), await at(2)];
      // Θ(c) = Θ_rest + Θ_weight/c²: Θ(½) − Θ(1) = 3·Θ_weight, and Θ(1) − Θ(2) = ¾·Θ_weight.
      const left = mapArray(half, (each, i) => each - one.data[i]);
      const right = mapArray(one, (each, i) => 4 * (each - two.data[i]));
      // Errors of Θ(½), whose own part is 4 times as large, of Θ(1) five times, and of Θ(2) four times.
      const growth = Math.max(1, largest(half) / largest(one));
      return [compared('Θ(½) − Θ(1)', left, right, (growth + 5 + 4) * bound)];
    }),
  source: sourceOfNetwork,
});

/** What batch norm by the batch makes of a kernel. */
export const batchNormLaws: readonly Law<KernelSubject>[] = [shifted, scaled];
