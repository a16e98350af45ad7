import { draw, largest, mapArray } from '../arrays.ts';
import { UNIT } from '../backend/values.ts';
import { imageNetworks, type NetworkCase, networks, vectorNetworks } from '../arbitraries/networks.ts';
import { law, type Law, type LawDefinition, type Measured } from '../law.ts';
import { descriptionOf, networkFrom } from '../networks/description.ts';
import { compared, type Prepared, prepared, sourceOfNetwork } from './cases.ts';
import { differenceKernel } from './differences.ts';
import type { KernelSubject } from './implementation.ts';
import { type AnyNetworkLaw, byDefinition, coupled, duplicated, local, permuted, symmetric } from './anyNetwork.ts';
import { batchNormLaws } from './batchNorm.ts';

/** Networks of layers: those of cells and supernets cost ten times as much, and the definition has them. */
const { cells: _, ...layered } = networks;

type Definition = Pick<LawDefinition<KernelSubject, NetworkCase>, 'name' | 'statement' | 'share' | 'cases'>;

/** A law of prepared cases. */
function kernelLaw(definition: Definition, check: (drawn: Prepared) => Promise<Measured[]>): Law<KernelSubject> {
  return law<KernelSubject, NetworkCase>({
    ...definition,
    check: (subject, drawn) => prepared(subject, drawn, check),
    source: sourceOfNetwork,
  });
}

const byDifferences = kernelLaw(
  {
    name: 'kernel by differences',
    statement:
      'Θ is J·Jᵀ of central differences of the outputs in float64, to rounding and to the error of the differences.',
    share: 0.2,
    cases: { images: imageNetworks, vectors: vectorNetworks },
  },
  async ({ kernel, x, module, mode, implementation, bound }) => {
    const { theta, error } = await differenceKernel(module, x, mode, implementation);
    return [compared('Θ', await kernel(x), theta, bound + error)];
  },
);

const doubled = kernelLaw(
  {
    name: 'kernel of doubled outputs',
    statement: 'Outputs that are multiplied by 2 multiply Θ by 4.',
    share: 0.25,
    cases: layered,
  },
  async ({ kernel, module, x, mode, implementation, bound }) => {
    const twice = networkFrom(['Sequential', descriptionOf(module)!, ['Add', ['Identity'], ['Identity']]]);
    copyState(module, twice, '0.');
    const due = mapArray(await kernel(x), (value) => 4 * value);
    return [compared('Θ', await implementation.kernel(twice, x, mode), due, 8 * bound)];
  },
);

const summed = kernelLaw(
  {
    name: 'kernel of a sum of networks',
    statement: 'Of the sum of two networks with parameters of their own Θ is the sum of their kernels.',
    share: 0.25,
    cases: { vectors: vectorNetworks },
  },
  async ({ kernel, module, x, mode, implementation, bound }) => {
    const linear = networkFrom(['Linear', x.shape[1], 2]);
    const state = [...linear.namedParameters().values()];
    state.forEach((variable, i) => (variable.value = draw(i, variable.shape)));
    const sum = networkFrom(['Add', descriptionOf(module)!, ['Linear', x.shape[1], 2]]);
    copyState(module, sum, '0.');
    copyState(linear, sum, '1.');
    const own = await implementation.kernel(linear, x, mode);
    const due = mapArray(await kernel(x), (value, i) => value + own.data[i]);
    // The linear part has one rounding a product, over K·D of them.
    const rest = 100 * UNIT[implementation.dtype] * largest(own);
    return [compared('Θ', await implementation.kernel(sum, x, mode), due, 4 * bound + rest)];
  },
);

const unused = kernelLaw(
  {
    name: 'kernel without unused parameters',
    statement: 'Parameters that take no part in the outputs do not change Θ.',
    share: 0.2,
    cases: { images: imageNetworks },
  },
  async ({ kernel, module, x, mode, implementation, bound }) => {
    const more = networkFrom(['Unused', descriptionOf(module)!, ['Conv2d', x.shape[1], 2, 1]]);
    copyState(module, more, '0.');
    for (const [name, variable] of more.namedState())
      if (name.startsWith('1.')) variable.value = draw(1, variable.shape);
    return [compared('Θ', await implementation.kernel(more, x, mode), await kernel(x), 2 * bound)];
  },
);

/** A law of any network, tried on networks that are drawn. */
const drawn = ({ check, ...definition }: AnyNetworkLaw, share: number, cases: Definition['cases']) =>
  kernelLaw({ ...definition, share, cases: definition.mode ? onlyIn(definition.mode, cases) : cases }, check);

/** Laws of a tangent kernel Θ(x, x), whoever computes it. */
export const kernelLaws: readonly Law<KernelSubject>[] = [
  ...[drawn(byDefinition, 0.5, networks), byDifferences],
  ...[symmetric, permuted, duplicated, local].map((each) => drawn(each, 0.25, layered)),
  drawn(coupled, 0.25, { images: imageNetworks }),
  ...[doubled, summed, unused, ...batchNormLaws],
];

function onlyIn(mode: NetworkCase['mode'], all: Definition['cases']) {
  return Object.fromEntries(
    Object.entries(all).map(([kind, arbitrary]) => [kind, arbitrary.map((drawn): NetworkCase => ({ ...drawn, mode }))]),
  );
}

/** Gives a network the variables of another, whose names begin with a prefix here. */
function copyState(from: ReturnType<typeof networkFrom>, to: ReturnType<typeof networkFrom>, prefix: string): void {
  const target = to.namedState();
  for (const [name, variable] of from.namedState()) target.get(prefix + name)!.value = variable.value;
}
