import type { KernelOutputs, ParameterChoice } from '../../ntk/index.ts';
import {
  type DType,
  Generator,
  type NDArray,
  type PrimitiveName,
  type Tensor,
  topologicalOrder,
} from '../../tensor/index.ts';
import { largest, largestDifference, mapArray } from '../arrays.ts';
import { termsOf, UNIT } from '../backend/values.ts';
import { type JacobianByDefinition, kernelByDefinition, type WholeJacobian } from './definition.ts';

// How far rounding may move a kernel.
//
// Every operation of forward and backward pass returns what exact arithmetic gives for operands that are relatively off by
// a few units: a sum of L products by about λ·√L·u (Higham & Mary, SIAM J. Sci. Comput. 41, 2019: but for a probability of
// 2·exp(−λ²/2)), any other operation by at most 8·u. How far a relative error of the data moves Θ is measured: all weights
// and the batch are changed by (1 ± δ), signs at random, in float64. The errors of the operations on a path through the
// network add up to at most their sum R, forwards and backwards, so that |ΔΘ| ≤ R·(u/δ)·|Θ(1 ± δ) − Θ| + R·u·|Θ|.

const DELTA = 2 ** -20;
const DRAWS = 3;
const LAMBDA = 6;
const OTHERS = 8;

/** Θ by the definition, and how far rounding may move what an implementation computes. */
export interface ExactKernel {
  readonly theta: NDArray;
  readonly jacobian: WholeJacobian;
  readonly bound: number;
}

/** Which kernel is asked for, in which precision its rows are computed. */
export interface KernelKind {
  readonly dtype: DType;
  readonly outputs: KernelOutputs;
  readonly parameters: ParameterChoice;
}

/**
 * The kernel that an implementation should compute, with the bound of its rounding errors.
 *
 * @param x2 a second batch of the same shape; the first by default.
 */
export async function exactKernel(
  program: JacobianByDefinition,
  x: NDArray,
  { dtype, outputs, parameters }: KernelKind,
  x2?: NDArray,
): Promise<ExactKernel> {
  const kernelOf = (a: WholeJacobian, b: WholeJacobian) => kernelByDefinition(a, b, outputs, parameters);
  const jacobian = await program.run(x);
  const theta = kernelOf(jacobian, x2 ? await program.run(x2) : jacobian);
  let moved = 0;
  for (let k = 0; k < DRAWS; k++) {
    // The same signs for the weights of both batches.
    const change = () => {
      const generator = new Generator(k);
      return (value: NDArray) => mapArray(value, (each) => each * (1 + (generator.integer(2) ? DELTA : -DELTA)));
    };
    const changed = await program.run(x, change());
    const other = x2 ? await program.run(x2, change()) : changed;
    moved = Math.max(moved, largestDifference(kernelOf(changed, other), theta));
  }
  const unit = UNIT[dtype];
  return { theta, jacobian, bound: roundings(program.trace.y) * unit * (moved / DELTA + largest(theta)) };
}

/** R: the roundings on the longest path from data to output, and back. */
function roundings(y: Tensor): number {
  const longest = new Map<Tensor, number>();
  for (const tensor of topologicalOrder([y])) {
    const { op, operands } = tensor;
    const before = Math.max(0, ...operands.map((operand) => longest.get(operand) ?? 0));
    const own = op.kind === 'primitive' ? errorOf(op.primitive, operands, tensor) : 0;
    longest.set(tensor, before + own);
  }
  // The backward pass goes the same way, with sums over pixels and samples where the forward pass sums over a window.
  return (
    2 * (longest.get(y) ?? 0) +
    LAMBDA * Math.sqrt(Math.max(...[...longest.keys()].map(({ shape }) => shape.reduce((a, b) => a * b, 1))))
  );
}

function errorOf(primitive: PrimitiveName, operands: readonly Tensor[], result: Tensor): number {
  const terms = termsOf(primitive, operands, result.shape);
  return OTHERS + (terms > 1 ? LAMBDA * Math.sqrt(terms) : 0);
}
