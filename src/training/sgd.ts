import { checkReal, checkOptions } from '../check.ts';
import { InputError, linearCombination, multiply, subtract } from '../tensor/index.ts';
import type { Optimizer } from './optimizer.ts';

/** PyTorch's arguments of `torch.optim.SGD`. */
export interface SgdOptions {
  readonly learningRate: number;
  /** μ of the buffer b ← μ·b + (1 − dampening)·g; 0 by default, and no buffer then. */
  readonly momentum?: number | undefined;
  readonly dampening?: number | undefined;
  /** Added to the gradient as weightDecay · parameter. */
  readonly weightDecay?: number | undefined;
  /** Whether a step goes along g + μ·b, Nesterov's momentum, in place of b. */
  readonly nesterov?: boolean | undefined;
}

/**
 * Stochastic gradient descent as `torch.optim.SGD` does it (Sutskever et al., "On the importance of initialization and
 * momentum in deep learning", ICML 2013, with PyTorch's sign and scaling): the first step's buffer is the gradient itself.
 *
 * @throws InputError when an argument is out of its range, or Nesterov's momentum has none or is dampened.
 *
 * @example
 * const optimizer = sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 });
 * const trainer = await Trainer.create(network, { loss: crossEntropy, optimizer });
 * const targets = oneHot([0, 1, 2, 0], 3);
 * const { loss: first } = await trainer.step(images, targets);
 * const { loss: second } = await trainer.step(images, targets);
 * console.log(second < first); // true
 * trainer.dispose();
 */
export function sgd(options: SgdOptions): Optimizer {
  checkOptions('sgd', options, ['learningRate', 'momentum', 'dampening', 'weightDecay', 'nesterov']);
  const { learningRate, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = options;
  checkReal('sgd: learningRate', learningRate, { least: 0 });
  checkReal('sgd: momentum', momentum, { least: 0 });
  checkReal('sgd: dampening', dampening, {});
  checkReal('sgd: weightDecay', weightDecay, { least: 0 });
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new InputError('sgd: nesterov: expected a momentum and no dampening');
  }
  return {
    name: 'sgd',
    learningRate,
    state: momentum === 0 ? [] : ['momentum_buffer'],
    scalars: ({ step, learningRate: rate }) => ({
      learningRate: rate,
      ...(momentum === 0 ? {} : { fresh: step === 1 ? 1 : 1 - dampening }),
    }),
    update(parameter, gradient, [buffer], { learningRate: rate, fresh }) {
      const g = weightDecay === 0 ? gradient : linearCombination([gradient, parameter], [1, weightDecay]);
      if (momentum === 0) return { parameter: subtract(parameter, multiply(g, rate)), state: [] };
      const next = linearCombination([buffer, dampening === 0 ? g : multiply(g, fresh)], [momentum, 1]);
      const direction = nesterov ? linearCombination([g, next], [1, momentum]) : next;
      return { parameter: subtract(parameter, multiply(direction, rate)), state: [next] };
    },
  };
}
