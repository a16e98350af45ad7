import type { KernelComputation } from './computation.ts';
import type { ComputedMistake } from './mistake.ts';
import { type NetworkChanges, type Order, ordersOf } from './networkChanges.ts';
import type { RoledParameter } from './roles.ts';

function changed(kind: string, name: string, explanation: string, changes: NetworkChanges): ComputedMistake {
  return {
    ...{ kind, name, explanation, isOfNetwork: true },
    apply: (computation: KernelComputation) => {
      // What another mistake has changed already stays as that one has it.
      const isFree = Object.keys(changes).every((key) => !(key in computation.changes));
      return isFree ? { ...computation, changes: { ...computation.changes, ...changes } } : undefined;
    },
  };
}

/** ε as other libraries have it, and others that are met. */
const EPSILONS = [1e-3, 0, 1e-5, 1e-6, 1e-8, 1e-4, 1e-2, 1e-12];

const ORDERS: Readonly<Record<Order, string>> = {
  transposed:
    'Input and output channels are exchanged, which a square weight lets pass. Transpose it where it is loaded.',
  'height as width':
    'Rows and columns of the kernels are exchanged. Look at the order of dimensions where weights are loaded.',
  turned:
    'Kernels are turned by 180°: a convolution in the sense of mathematics, where PyTorch computes a cross-correlation.',
};

/** How the network itself is computed. */
export function networkMistakes(parameters: readonly RoledParameter[]): ComputedMistake[] {
  const mode = {
    kind: 'mode',
    isOfNetwork: true,
    name: 'batch norm is in the other mode',
    explanation:
      'Batch norm normalises by the batch in train mode and by running statistics in eval mode, and here it does the other than was meant. ' +
      'Call train() or eval() before the forward pass.',
    apply: (computation: KernelComputation): KernelComputation => ({
      ...computation,
      mode: computation.mode === 'train' ? 'eval' : 'train',
    }),
  };
  const epsilons = EPSILONS.map((epsilon) =>
    changed(
      'epsilon',
      `ε of normalisations is ${epsilon === 0 ? '0' : epsilon.toExponential()}`,
      'Another number is added to the variance than in the network of the file. Give the normalisation its ε.',
      { epsilon },
    ),
  );
  return [
    mode,
    ...epsilons,
    changed(
      'epsilon',
      'ε is added to the standard deviation',
      'The divisor is √σ² + ε where √(σ² + ε) is meant. Add ε before the root.',
      { epsilonOutside: true },
    ),
    changed(
      'variance',
      'the variance is unbiased',
      "The batch's variance is divided by m − 1 and not by m. Normalise by the biased one (PyTorch: unbiased=False); the unbiased one is for running statistics.",
      { unbiased: true },
    ),
    ...(['mean and variance', 'variance', 'mean'] as const).map((detached) =>
      changed(
        'detached',
        `no gradient goes through the ${detached} of the batch`,
        'Statistics of the batch are taken as constants, where in train mode they depend on the parameters. Take the detach (stop_gradient, no_grad) off them.',
        { detached },
      ),
    ),
    ...orderMistakes(parameters),
    ...([1, 0.5] as const).map((reluAtZero) =>
      changed(
        'relu at 0',
        `the derivative of ReLU at 0 is ${reluAtZero}`,
        'Inputs of ReLU that are exactly 0 pass gradients on. PyTorch takes the derivative at 0 as 0: compare by x > 0.',
        { reluAtZero },
      ),
    ),
    changed(
      'padding of pools',
      'average pools count padding otherwise',
      'Windows at the border are divided by another number of pixels. Look at count_include_pad.',
      { otherPadding: true },
    ),
  ];
}

function orderMistakes(parameters: readonly RoledParameter[]): ComputedMistake[] {
  return (['transposed', 'height as width', 'turned'] as const).flatMap((order) => {
    const names = parameters.filter(({ shape }) => ordersOf(shape).includes(order)).map(({ name }) => name);
    const of = (which: readonly string[], name: string) =>
      changed('order of weights', name, ORDERS[order], {
        orders: Object.fromEntries(which.map((each) => [each, order])),
      });
    // Where there are several, one alone is distinguished from all: that is met most often.
    const single = order === 'transposed' || names.length === 1 ? names : [];
    const label =
      order === 'turned' ? 'turned by 180°' : order === 'transposed' ? 'transposed' : 'read with height as width';
    return [
      ...single.map((each) => of([each], `${each} is ${label}`)),
      ...(names.length > 1 ? [of(names, `all weights that can be are ${label}`)] : []),
    ];
  });
}
