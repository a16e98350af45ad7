import type { KernelOutputs } from '../../ntk/index.ts';
import type { Mistake } from './mistake.ts';

/** What factors are made of. */
export interface FactorSizes {
  /** N */
  readonly samples: number;
  /** K */
  readonly outputs: number;
  /** P, of the chosen parameters, and of all. */
  readonly parameters: readonly number[];
  /** What the kernel is of: whether its outputs can be averaged. */
  readonly of: KernelOutputs;
}

/** A factor, and what a kernel that is off by it was computed like. */
export interface NamedFactor {
  readonly factor: number;
  readonly mistake: Mistake;
}

const AVERAGED =
  'The mean over outputs is taken where their sum is meant. Kernels of means are smaller; κ is the same. Multiply, or sum.';

/** The factors that kernels are usually off by. Each number occurs once, under its most usual name. */
export function usualFactors({ samples, outputs, parameters, of }: FactorSizes): NamedFactor[] {
  const divided = (name: string, by: number): NamedFactor[] =>
    [true, false].map((down) => ({
      factor: down ? 1 / by : by,
      mistake: {
        kind: 'factor',
        name: `the kernel is ${down ? 'divided' : 'multiplied'} by ${name}`,
        explanation: `Every entry is ${down ? `1/(${name})` : name} times what it should be (${name} = ${by}). κ is the same. Take the factor out.`,
      },
    }));
  const averaged = (name: string, by: number): NamedFactor => ({
    factor: 1 / by,
    mistake: {
      kind: 'averaged',
      name: `outputs are averaged (the kernel is divided by ${name})`,
      explanation: AVERAGED,
    },
  });
  const all = [
    ...(of === 'sum' ? [averaged('K²', outputs ** 2)] : []),
    ...(of === 'trace' ? [averaged('K', outputs)] : []),
    ...divided('N', samples),
    ...parameters.flatMap((count) => divided('P', count)),
    ...divided('K', outputs),
    ...divided('N²', samples ** 2),
    ...divided('√N', Math.sqrt(samples)),
    ...parameters.flatMap((count) => divided('√P', Math.sqrt(count))),
    ...divided('√K', Math.sqrt(outputs)),
    ...divided('N·K', samples * outputs),
    ...divided('(N·K)²', (samples * outputs) ** 2),
    ...divided('K²', outputs ** 2),
    ...divided('2', 2),
    ...divided('4', 4),
    ...parameters.flatMap((count) => divided('P²', count ** 2)),
  ];
  return all.filter(({ factor }, i) => {
    const isFirst = all.findIndex((each) => Math.abs(each.factor / factor - 1) < 1e-12) === i;
    return isFirst && Math.abs(factor - 1) > 1e-12;
  });
}
