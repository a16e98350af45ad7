import fc from 'fast-check';
import type { Mode, Module } from '../../nn/index.ts';
import type { NDArray } from '../../tensor/index.ts';
import { largestDifference } from '../arrays.ts';
import type { NetworkCase } from '../arbitraries/networks.ts';
import type { Measured } from '../law.ts';
import { networkFrom } from '../networks/description.ts';
import { CLEARANCE, clearBatch } from '../networks/kinks.ts';
import { randomize } from '../networks/randomize.ts';
import { literal, type Snippet } from '../source.ts';
import { JacobianByDefinition } from './definition.ts';
import { implementationOf, type CompleteImplementation, type KernelSubject } from './implementation.ts';
import { type ExactKernel, exactKernel } from './rounding.ts';

/** What laws of kernels look at: a network with weights, a batch away from its kinks, and what is due. */
export interface KernelCase extends ExactKernel {
  readonly module: Module;
  readonly x: NDArray;
  readonly mode: Mode;
  /** Of what a law changes. */
  readonly seed: number;
  readonly implementation: CompleteImplementation;
  /** The subject's kernel of the network for another batch. */
  readonly kernel: (x: NDArray) => Promise<NDArray>;
  /** What is due for another batch of the same shape, which may lie near kinks. */
  readonly exact: (x: NDArray) => Promise<ExactKernel>;
}

/** A drawn case, made ready. */
export interface Prepared extends NetworkCase, KernelCase {
  readonly mode: Mode;
  readonly seed: number;
}

/**
 * Makes a case ready, and hands it to a law. A case whose network has no batch away from its kinks is none.
 */
export async function prepared<T>(
  subject: KernelSubject,
  drawn: NetworkCase,
  use: (all: Prepared) => Promise<T>,
): Promise<T> {
  const implementation = implementationOf(subject);
  const module = randomize(networkFrom(drawn.network), drawn.seed);
  const { x, distance } = await clearBatch(module, drawn.shape, drawn.seed, drawn.mode);
  fc.pre(distance >= CLEARANCE);
  const program = await JacobianByDefinition.compile(module, drawn.shape, drawn.mode);
  try {
    const exact = (batch: NDArray) => exactKernel(program, batch, implementation);
    const kernel = async (batch: NDArray) => implementation.kernel(module, batch, drawn.mode);
    return await use({ ...drawn, ...(await exact(x)), module, x, implementation, kernel, exact });
  } finally {
    program.dispose();
  }
}

/** Two kernels, as they are compared. */
export function compared(what: string, got: NDArray, due: NDArray, bound: number): Measured {
  return { what, error: got.shape.join() === due.shape.join() ? largestDifference(got, due) : Infinity, bound };
}

/** Code that makes a case, and shows what the law builds of it. */
export function sourceOfNetwork(drawn: NetworkCase): Snippet {
  return {
    imports: { 'ntkit/testing': ['clearBatch', 'networkFrom', 'randomize'] },
    expression: literal(drawn),
    then: [
      '// What the law builds, to look at:',
      'const network = randomize(networkFrom(drawn.network), drawn.seed);',
      'const { x } = await clearBatch(network, drawn.shape, drawn.seed, drawn.mode);',
      'console.log(network.namedParameters().keys(), x.shape);',
    ],
  };
}
