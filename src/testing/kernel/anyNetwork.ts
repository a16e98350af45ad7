import type { Mode } from '../../nn/index.ts';
import { symmetricEigen } from '../../ntk/index.ts';
import { ndarray, type NDArray, sizeOf } from '../../tensor/index.ts';
import { draw, largest, mapArray, rowOf, stack } from '../arrays.ts';
import { UNIT } from '../backend/values.ts';
import type { Measured } from '../law.ts';
import { compared, type KernelCase } from './cases.ts';

// What is true of the kernel of any network, however it is built.

/** A law that can be asked of any network. */
export interface AnyNetworkLaw {
  readonly name: string;
  /** One sentence. */
  readonly statement: string;
  /** The mode that it is about; either by default. */
  readonly mode?: Mode;
  readonly check: (drawn: KernelCase) => Promise<Measured[]>;
}

/** A law, and how it is tried. */
function anyLaw(definition: Omit<AnyNetworkLaw, 'check'>, check: AnyNetworkLaw['check']): AnyNetworkLaw {
  return { ...definition, check };
}

export const byDefinition = anyLaw(
  {
    name: 'kernel by the definition',
    statement: 'Θ is J·Jᵀ of the whole Jacobian in float64, to rounding.',
  },
  async ({ kernel, x, theta, bound }) => [compared('Θ', await kernel(x), theta, bound)],
);

export const symmetric = anyLaw(
  {
    name: 'kernel symmetric and positive',
    statement: 'Θ is symmetric, and no eigenvalue is negative beyond rounding.',
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

export const permuted = anyLaw(
  {
    name: 'kernel of a permuted batch',
    statement: 'Of samples in another order Θ has rows and columns in that order.',
  },
  async ({ kernel, x, bound }) => {
    const n = x.shape[0];
    const order = Array.from({ length: n }, (_, i) => (i + 1) % n);
    const [before, after] = [await kernel(x), await kernel(samplesOf(x, order))];
    return [compared('Θ', after, reordered(before, order), 2 * bound)];
  },
);

export const duplicated = anyLaw(
  {
    name: 'kernel of equal samples',
    statement: 'Equal samples have equal rows and columns, and λmin is 0 to rounding.',
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

export const local = anyLaw(
  {
    name: 'kernel of separate samples',
    statement: 'In eval mode a sample changes its own row and column of Θ alone.',
    mode: 'eval',
  },
  async ({ kernel, x, seed, bound }) => {
    const n = x.shape[0];
    const [before, after] = [await kernel(x), await kernel(withSample(x, n - 1, seed))];
    return [compared('Θ of the others', corner(after, n - 1), corner(before, n - 1), 2 * bound)];
  },
);

export const coupled = anyLaw(
  {
    name: 'kernel of coupled samples',
    statement: 'In train mode batch norm lets a sample change every entry of Θ by as much as the definition says.',
    mode: 'train',
  },
  async ({ kernel, exact, x, seed, theta, bound }) => {
    const changed = withSample(x, 0, seed);
    const due = await exact(changed);
    const difference = (a: NDArray, b: NDArray) => mapArray(a, (value, i) => value - b.data[i]);
    const got = difference(await kernel(changed), await kernel(x));
    return [compared('the change of Θ', got, difference(due.theta, theta), bound + due.bound)];
  },
);

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
