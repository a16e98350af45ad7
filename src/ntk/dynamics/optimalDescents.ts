import { checkReal } from '../../check.ts';

/** The settings of a descent, and how fast its slowest mode then shrinks. */
export interface OptimalDescent {
  readonly learningRate: number;
  readonly momentum: number;
  /** What is left of the slowest mode after a step, in the long run. */
  readonly rate: number;
  /** Steps in which it shrinks by a factor of e, −1/log(rate); 0 where one step learns all. */
  readonly timeConstant: number;
}

/** The fastest descents between two curvatures. */
export interface OptimalDescents {
  /** The larger curvature over the smaller. */
  readonly kappa: number;
  readonly plain: OptimalDescent;
  readonly momentum: OptimalDescent;
}

/**
 * The fastest gradient descent on a quadratic loss whose curvatures lie between two bounds, and with it the pace that
 * κ = highest/lowest sets:
 *
 * - η = 2/(lowest + highest) leaves (κ − 1)/(κ + 1) of the slowest mode a step: about κ/2 steps for a factor of e;
 * - with momentum μ = ((√κ − 1)/(√κ + 1))² and η = (2/(√lowest + √highest))² it is √μ: about √κ/2 steps
 *   (Polyak 1964). There all modes are critically damped or oscillate.
 *
 * @throws InputError when the bounds are no numbers with 0 < lowest ≤ highest.
 *
 * @example
 * const { plain, momentum } = optimalDescents(1, 100);
 * console.log(plain.timeConstant.toFixed(2), momentum.timeConstant.toFixed(2)); // 50.00 4.98
 */
export function optimalDescents(lowest: number, highest: number): OptimalDescents {
  checkReal('optimalDescents: lowest', lowest, { least: 0, open: true });
  checkReal('optimalDescents: highest', highest, { least: lowest });
  const [low, high] = [Math.sqrt(lowest), Math.sqrt(highest)];
  const root = (high - low) / (high + low);
  return {
    kappa: highest / lowest,
    // −log((κ − 1)/(κ + 1)) = 2·artanh(1/κ), which loses nothing where κ is large.
    plain: {
      learningRate: 2 / (lowest + highest),
      momentum: 0,
      rate: (highest - lowest) / (highest + lowest),
      timeConstant: 1 / (2 * Math.atanh(lowest / highest)),
    },
    momentum: {
      learningRate: (2 / (low + high)) ** 2,
      momentum: root ** 2,
      rate: root,
      timeConstant: 1 / (2 * Math.atanh(low / high)),
    },
  };
}
