import { InputError } from '../errors.ts';
import { nextTurn, turnIsDue } from '../turns.ts';
import { checkOptions } from '../check.ts';
import type { Abortable } from '../progress.ts';
import type { NDArray } from '../tensor/index.ts';
import { symmetricEigen } from './eigen/index.ts';
import type { JacobianRows } from './jacobianRows.ts';
import { checkRows, factorOf } from './kernelMatrix.ts';

/** What a group of parameters gives to a kernel: Θ is the sum of the kernels of all groups. */
export interface Contribution {
  /** The name of the group: a layer's path, e.g. `cells.0.layers.1.op.1`. */
  readonly name: string;
  /** How many numbers its parameters hold. */
  readonly parameters: number;
  /** The trace of its kernel. */
  readonly trace: number;
  /** vᵀ·Θ_group·v for the eigenvector v of λmin. */
  readonly lambdaMin: number;
  /** The same for the eigenvector of λmax. */
  readonly lambdaMax: number;
}

/** How parameters are grouped: by the module they belong to, by the edge of a cell, or each on its own. */
export type Grouping = 'layer' | 'edge' | 'parameter';

/**
 * The name of the group of a parameter, by its PyTorch name.
 *
 * @example
 * const name = 'cells.0.layers.4.op.1.weight';
 * console.log(groupOf(name, 'layer'), groupOf(name, 'edge')); // cells.0.layers.4.op.1 cells.0.layers.4
 */
export function groupOf(name: string, by: Grouping): string {
  if (by === 'parameter') return name;
  const layer = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : name;
  if (by === 'layer') return layer;
  // `cells.0.edges.1<-0.2.op.1` and `cells.0.layers.4.op.1`: the edge, with all of its operations.
  return /^.*?\.(?:edges|layers)\.[^.]+/.exec(layer)?.[0] ?? layer;
}

/**
 * Which groups of parameters supply the smallest and the largest eigenvalue of a kernel: Θ = Σ Θ_group exactly, and so
 * λ = Σ vᵀ·Θ_group·v along the eigenvector v of λ. Where λmin or λmax is several eigenvalues close together, v is any
 * direction among theirs.
 *
 * Cost: the eigenvectors of Θ, and 2·N·P operations.
 *
 * @param theta the kernel of the rows, [N, N] or [N·Q, N·Q]
 * @returns the groups in the network's order.
 * @throws InputError when there are no rows; ShapeError, NumericalError when the kernel is none.
 *
 * @example
 * const program = await JacobianProgram.compile(network, images.shape);
 * const rows = await program.run(images);
 * program.dispose();
 * const { kernel, lambdaMax } = await ntkOf(rows);
 * const layers = await contributions(rows, kernel);
 * console.log(layers.map(({ name, parameters }) => `${name}: ${parameters}`)); // [ '0: 96', '2: 51' ]
 * console.log((layers.reduce((sum, layer) => sum + layer.lambdaMax, 0) / lambdaMax).toFixed(6)); // 1.000000
 */
export async function contributions(
  rows: JacobianRows,
  theta: NDArray,
  options: Abortable & { readonly by?: Grouping } = {},
): Promise<Contribution[]> {
  checkOptions('contributions', options, ['by', 'signal']);
  checkRows('contributions', rows);
  const { by = 'layer', signal } = options;
  const { vectors } = symmetricEigen(theta, { vectors: true });
  const { rows: n, arrays } = factorOf(rows);
  if (vectors.shape[0] !== n) {
    throw new InputError(`contributions: expected the kernel of ${n} rows, got [${theta.shape.join(', ')}]`);
  }
  const column = (k: number) => Float64Array.from({ length: n }, (_, i) => vectors.data[i * n + k]);
  const [least, most] = [column(0), column(n - 1)];
  const groups = new Map<string, { parameters: number; trace: number; lambdaMin: number; lambdaMax: number }>();
  for (const [k, { data, shape }] of arrays.entries()) {
    const { name, shape: own } = rows.parameters[k];
    const key = groupOf(name, by);
    const group = groups.get(key) ?? { parameters: 0, trace: 0, lambdaMin: 0, lambdaMax: 0 };
    groups.set(key, group);
    group.parameters += own.reduce((a, b) => a * b, 1);
    const columns = shape[1];
    const [alongLeast, alongMost] = [new Float64Array(columns), new Float64Array(columns)];
    for (let i = 0; i < n; i++) {
      if (turnIsDue()) await nextTurn(signal);
      for (let p = 0; p < columns; p++) {
        const value = data[i * columns + p];
        group.trace += value * value;
        alongLeast[p] += least[i] * value;
        alongMost[p] += most[i] * value;
      }
    }
    group.lambdaMin += alongLeast.reduce((sum, value) => sum + value * value, 0);
    group.lambdaMax += alongMost.reduce((sum, value) => sum + value * value, 0);
  }
  return [...groups].map(([name, group]) => ({ name, ...group }));
}
