import { symmetricEigen } from '../../ntk/index.ts';
import { ndarray, type NDArray, sizeOf } from '../../tensor/index.ts';
import { draw, largest, mapArray, rowOf, stack } from '../arrays.ts';
import { UNIT } from '../backend/values.ts';
import { imageNetworks, type NetworkCase, networks, vectorNetworks } from '../arbitraries/networks.ts';
import { law, type Law, type LawDefinition, type Measured } from '../law.ts';
import { descriptionOf, networkFrom } from '../networks/description.ts';
import { compared, type Prepared, prepared, sourceOfNetwork } from './cases.ts';
import { differenceKernel } from './differences.ts';
import type { KernelSubject } from './implementation.ts';
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

const byDefinition = kernelLaw(
  {
    name: 'kernel by the definition',
    statement: 'Θ is J·Jᵀ of the whole Jacobian in float64, to rounding.',
    share: 0.5,
    cases: networks,
  },
  async ({ kernel, x, theta, bound }) => [compared('Θ', await kernel(x), theta, bound)],
);

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

const symmetric = kernelLaw(
  {
    name: 'kernel symmetric and positive',
    statement: 'Θ is symmetric, and no eigenvalue is negative beyond rounding.',
    share: 0.25,
    cases: layered,
  },
  async ({ kernel, x, implementation, jacobian }) => {
    const theta = await kernel(x);
    const [n] = theta.shape;
    const transposed = ndarray(Array.from({ length: n * n }, (_, k) => theta.data[(k % n) * n + Math.floor(k / n)]), [n, n]); // prettier-ignore
    const parameters = [...jacobian.rows.values()].reduce((sum, { shape }) => sum + shape[1], 0);
    // Products of the same two rows, summed in whatever order: |ΔΘᵢⱼ| ≤ P·u·‖Jᵢ‖·‖Jⱼ‖, and λ moves by ‖ΔΘ‖ at most.
    const bound = (parameters + n) * n * UNIT[implementation.dtype] * largest(theta);
    const mean = mapArray(theta, (value, i) => (value + transposed.data[i]) / 2);
    const { values } = symmetricEigen({ ...mean, dtype: 'float64', data: Float64Array.from(mean.data) });
    return [compared('Θ − Θᵀ', theta, transposed, bound), { what: 'λmin', error: Math.max(0, -values[0]), bound }];
  },
);

const permuted = kernelLaw(
  {
    name: 'kernel of a permuted batch',
    statement: 'Of samples in another order Θ has rows and columns in that order.',
    share: 0.25,
    cases: layered,
  },
  async ({ kernel, x, bound }) => {
    const n = x.shape[0];
    const order = Array.from({ length: n }, (_, i) => (i + 1) % n);
    const [before, after] = [await kernel(x), await kernel(samplesOf(x, order))];
    return [compared('Θ', after, reordered(before, order), 2 * bound)];
  },
);

const duplicated = kernelLaw(
  {
    name: 'kernel of equal samples',
    statement: 'Equal samples have equal rows and columns, and λmin is 0 to rounding.',
    share: 0.25,
    cases: layered,
  },
  async ({ kernel, exact, x }) => {
    const n = x.shape[0];
    const twice = samplesOf(x, [0, 0, ...Array.from({ length: n - 2 }, (_, i) => i + 2)]);
    const { bound } = await exact(twice);
    const theta = await kernel(twice);
    const rows = Array.from({ length: n }, (_, j) => [theta.data[j], theta.data[n + j]]);
    return rows.map(([a, b], j) => ({ what: `Θ₀${j} − Θ₁${j}`, error: Math.abs(a - b), bound: 2 * bound }));
  },
);

const local = kernelLaw(
  {
    name: 'kernel of separate samples',
    statement: 'In eval mode a sample changes its own row and column of Θ alone.',
    share: 0.25,
    cases: onlyIn('eval', layered),
  },
  async ({ kernel, x, seed, bound }) => {
    const n = x.shape[0];
    const [before, after] = [await kernel(x), await kernel(withSample(x, n - 1, seed))];
    return [compared('Θ of the others', corner(after, n - 1), corner(before, n - 1), 2 * bound)];
  },
);

const coupled = kernelLaw(
  {
    name: 'kernel of coupled samples',
    statement: 'In train mode batch norm lets a sample change every entry of Θ by as much as the definition says.',
    share: 0.25,
    cases: onlyIn('train', { images: imageNetworks }),
  },
  async ({ kernel, exact, x, seed, theta, bound }) => {
    const changed = withSample(x, 0, seed);
    const due = await exact(changed);
    const difference = (a: NDArray, b: NDArray) => mapArray(a, (value, i) => value - b.data[i]);
    const got = difference(await kernel(changed), await kernel(x));
    return [compared('the change of Θ', got, difference(due.theta, theta), bound + due.bound)];
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

/** Laws of a tangent kernel Θ(x, x), whoever computes it. */
export const kernelLaws: readonly Law<KernelSubject>[] = [
  ...[byDefinition, byDifferences, symmetric, permuted, duplicated, local, coupled],
  ...[doubled, summed, unused, ...batchNormLaws],
];

function onlyIn(mode: NetworkCase['mode'], all: typeof layered) {
  return Object.fromEntries(
    Object.entries(all).map(([kind, arbitrary]) => [kind, arbitrary.map((drawn): NetworkCase => ({ ...drawn, mode }))]),
  );
}

/** Gives a network the variables of another, whose names begin with a prefix here. */
function copyState(from: ReturnType<typeof networkFrom>, to: ReturnType<typeof networkFrom>, prefix: string): void {
  const target = to.namedState();
  for (const [name, variable] of from.namedState()) target.get(prefix + name)!.value = variable.value;
}

function samplesOf(x: NDArray, order: readonly number[]): NDArray {
  return stack(order.map((i) => rowOf(x, i)));
}

function withSample(x: NDArray, sample: number, seed: number): NDArray {
  const data = x.data.slice();
  const size = sizeOf(x.shape.slice(1));
  data.set(draw(seed + 1, [size]).data.map(Math.fround), sample * size);
  return { ...x, data };
}

function reordered({ shape: [n], data }: NDArray, order: readonly number[]): NDArray {
  return ndarray(order.flatMap((i) => order.map((j) => data[i * n + j])), [n, n]); // prettier-ignore
}

/** The first m rows and columns. */
function corner({ shape: [n], data }: NDArray, m: number): NDArray {
  return ndarray(Array.from({ length: m * m }, (_, k) => data[Math.floor(k / m) * n + (k % m)]), [m, m]); // prettier-ignore
}
