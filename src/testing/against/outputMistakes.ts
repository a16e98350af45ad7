import type { KernelComputation } from './computation.ts';
import type { ComputedMistake } from './mistake.ts';

function changed(
  kind: string,
  name: string,
  explanation: string,
  apply: (computation: KernelComputation) => Partial<KernelComputation> | undefined,
): ComputedMistake {
  return {
    ...{ kind, name, explanation, isOfNetwork: false },
    apply: (computation) => {
      const change = apply(computation);
      return change && { ...computation, ...change };
    },
  };
}

const other = <K extends keyof KernelComputation>(key: K, value: KernelComputation[K]) => {
  return (computation: KernelComputation): Partial<KernelComputation> | undefined =>
    computation[key] === value ? undefined : { [key]: value };
};

/** A row of J for every output: what `full` and `trace` have, and no other choice. */
const hasAllOutputs = ({ outputs }: KernelComputation): boolean => outputs === 'full' || outputs === 'trace';

/**
 * Which function of the outputs is differentiated, and what becomes of its rows.
 *
 * @param k how many outputs a sample has.
 */
export function outputMistakes(k: number): ComputedMistake[] {
  if (k === 1) return [...lastMistakes, ...rowMistakes];
  const one = Array.from({ length: k }, (_, at) =>
    changed(
      'one class',
      `output ${at} alone`,
      `The kernel is of output ${at} and of no other. Take the outputs together as the kernel asks for.`,
      other('outputs', at),
    ),
  );
  return [
    changed(
      'summed',
      'outputs are summed before they are differentiated',
      'A row is the gradient of the sum of all outputs, so that products of different outputs enter. Take one gradient for each output.',
      other('outputs', 'sum'),
    ),
    changed(
      'traced',
      'the kernels of all outputs are added (the trace)',
      'Θ[i, j] is the sum over outputs of J[i, k]·J[j, k]. Add the outputs before they are differentiated, or name the kernel a trace.',
      other('outputs', 'trace'),
    ),
    changed(
      'full',
      'all pairs of outputs have an entry',
      'Θ is of all outputs, N·K rows. Add or trace the outputs as the kernel asks for.',
      other('outputs', 'full'),
    ),
    ...one,
    changed(
      'one class',
      "each sample's largest output alone",
      'A row is the gradient of the predicted class. Which class it is differs from sample to sample: take the outputs that the kernel asks for.',
      other('outputs', 'predicted'),
    ),
    ...lastMistakes,
    ...rowMistakes,
    changed(
      'order of rows',
      'rows come output by output, not sample by sample',
      'Row k·N + i is output k of sample i, where i·K + k is expected. Exchange the two dimensions before they are made one.',
      (computation) => (computation.outputs === 'full' ? other('order', 'by output')(computation) : undefined),
    ),
  ];
}

const lastMistakes = [
  changed(
    'softmax first',
    'softmax is applied before the gradient',
    'The gradients are of probabilities, whose sum is 1: a kernel of their sum is nothing but rounding. Differentiate the logits: take the softmax out of the forward pass.',
    other('last', 'softmax'),
  ),
  changed(
    'softmax first',
    'log-softmax is applied before the gradient',
    'The gradients are of log-probabilities. Differentiate the logits: take the log-softmax out of the forward pass.',
    other('last', 'log-softmax'),
  ),
];

const rowMistakes = [
  changed(
    'accumulated',
    'gradients pile up from row to row',
    'Row i is the sum of the rows up to i: gradients are added to those of the row before. Set them to zero before each backward pass.',
    other('accumulated', 'by sample'),
  ),
  changed(
    'accumulated',
    'gradients pile up from row to row, output by output',
    'Each row is the sum of those before it, all samples of the first output, then of the second, … Set gradients to zero before each backward pass.',
    (computation) => (hasAllOutputs(computation) ? other('accumulated', 'by output')(computation) : undefined),
  ),
];
