import { checkReal, checkOptions } from '../check.ts';
import {
  add,
  constant,
  divide,
  InputError,
  linearCombination,
  multiply,
  ndarray,
  sqrt,
  subtract,
} from '../tensor/index.ts';
import type { Optimizer } from './optimizer.ts';

/** PyTorch's arguments of `torch.optim.Adam` and `AdamW`. */
export interface AdamOptions {
  readonly learningRate: number;
  /** Of the running means of g and g²; 0.9 and 0.999 by default. */
  readonly betas?: readonly [number, number] | undefined;
  /** Added to the root of the mean of g²; 1e-8 by default. */
  readonly eps?: number | undefined;
  /** Adam adds weightDecay · parameter to the gradient, 0 by default; AdamW shrinks the parameter, by 1e-2 by default. */
  readonly weightDecay?: number | undefined;
}

/**
 * `torch.optim.Adam` (Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1).
 *
 * @throws InputError when an argument is out of its range.
 *
 * @example
 * const trainer = await Trainer.create(network, { loss: crossEntropy, optimizer: adam({ learningRate: 1e-2 }) });
 * const targets = oneHot([0, 1, 2, 0], 3);
 * const { loss: first } = await trainer.step(images, targets);
 * const { loss: second } = await trainer.step(images, targets);
 * console.log(second < first); // true
 * trainer.dispose();
 */
export function adam(options: AdamOptions): Optimizer {
  return moments('adam', options, 0, false);
}

/**
 * `torch.optim.AdamW`: Adam with decoupled weight decay (Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
 * ICLR 2019, algorithm 2).
 *
 * @throws InputError when an argument is out of its range.
 *
 * @example
 * const optimizer = adamW({ learningRate: 1e-2, weightDecay: 0.05 });
 * const trainer = await Trainer.create(network, { loss: crossEntropy, optimizer });
 * await trainer.step(images, oneHot([0, 1, 2, 0], 3));
 * const { steps, optimizer: state } = await trainer.save();
 * console.log(steps, [...state.keys()].slice(0, 2)); // 1 [ 'exp_avg.0.weight', 'exp_avg_sq.0.weight' ]
 * trainer.dispose();
 */
export function adamW(options: AdamOptions): Optimizer {
  return moments('adamW', options, 1e-2, true);
}

function moments(name: string, options: AdamOptions, decayByDefault: number, decoupled: boolean): Optimizer {
  checkOptions(name, options, ['learningRate', 'betas', 'eps', 'weightDecay']);
  const { learningRate, betas = [0.9, 0.999], eps = 1e-8, weightDecay = decayByDefault } = options;
  checkReal(`${name}: learningRate`, learningRate, { least: 0 });
  checkReal(`${name}: eps`, eps, { least: 0 });
  checkReal(`${name}: weightDecay`, weightDecay, { least: 0 });
  const given = betas as readonly unknown[];
  if (!Array.isArray(betas) || given.length !== 2) throw new InputError(`${name}: betas: expected two numbers`);
  betas.forEach((beta) => checkReal(`${name}: betas`, beta, { least: 0, below: 1 }));
  const [beta1, beta2] = betas;
  return {
    name,
    learningRate,
    state: ['exp_avg', 'exp_avg_sq'],
    scalars: ({ step, learningRate: rate }) => ({
      stepSize: rate / (1 - beta1 ** step),
      correction: 1 / Math.sqrt(1 - beta2 ** step),
      ...(decoupled ? { keep: 1 - rate * weightDecay } : {}),
    }),
    update(parameter, gradient, [mean, square], { stepSize, correction, keep }) {
      const coupled = !decoupled && weightDecay !== 0;
      const g = coupled ? linearCombination([gradient, parameter], [1, weightDecay]) : gradient;
      const nextMean = linearCombination([mean, g], [beta1, 1 - beta1]);
      const nextSquare = linearCombination([square, multiply(g, g)], [beta2, 1 - beta2]);
      const root = add(multiply(sqrt(nextSquare), correction), constant(ndarray([eps], [], gradient.dtype)));
      const kept = decoupled ? multiply(parameter, keep) : parameter;
      const next = subtract(kept, multiply(divide(nextMean, root), stepSize));
      return { parameter: next, state: [nextMean, nextSquare] };
    },
  };
}
