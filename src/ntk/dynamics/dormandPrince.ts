import { NumericalError } from '../../errors.ts';

// The registry's solvers of this kind come without types or as CommonJS, have had no release for years, and cannot pause:
// a page that integrates for a second would not answer for a second.

/** How exactly, and for how long. */
export interface Tolerances {
  /** The error allowed a step, relative to the size of a number. */
  readonly relative: number;
  /** … and in addition to that. */
  readonly absolute: number;
  readonly maximumSteps: number;
}

// Dormand & Prince 1980, "A family of embedded Runge-Kutta formulae": row i has the weights of the slopes before stage i.
// The last row is the step itself, of order 5; its slope is the first of the next step.
const STAGES = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
/** The weights of order 5 less those of order 4. */
const ERROR = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

/** A step changes by at most these factors, and aims below the error allowed. */
const [SHRINK, GROW, SAFETY] = [0.2, 5, 0.9];

/**
 * Solves dy/dt = f(y) from t = 0 by steps whose estimated error is kept within tolerances (Dormand and Prince's pair of
 * orders 5 and 4). Steps end at the times asked for; it may pause at every `yield`.
 *
 * @param slope writes f(y) to its second argument.
 * @param times in ascending order, all finite
 * @returns y at each time
 * @throws NumericalError when it takes more than the most steps.
 */
export function* dormandPrince(
  slope: (y: Float64Array, result: Float64Array) => void,
  start: Float64Array,
  times: readonly number[],
  tolerances: Tolerances,
): Generator<void, Float64Array[]> {
  const { relative, absolute, maximumSteps } = tolerances;
  const slopes = STAGES.map(() => new Float64Array(start.length));
  let y = Float64Array.from(start);
  let next = new Float64Array(start.length);
  /** ‖v‖ in units of the error allowed: the root mean square over elements. */
  const size = (v: (i: number) => number, a: Float64Array, b = a) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) {
      sum += (v(i) / (absolute + relative * Math.max(Math.abs(a[i]), Math.abs(b[i])))) ** 2;
    }
    return Math.sqrt(sum / a.length);
  };
  slope(y, slopes[0]);
  // A first step that changes y by a hundredth of what it may err relative to 1; the controller does the rest.
  let step = 0.01 / Math.max(size((i) => slopes[0][i], y) * relative, 1e-300);
  let t = 0;
  let steps = 0;
  const results: Float64Array[] = [];
  for (const time of times) {
    while (t < time) {
      yield;
      if (steps++ >= maximumSteps) {
        throw new NumericalError(
          `dormandPrince: expected at most ${maximumSteps} steps to time ${time}, got to ${t} by then`,
        );
      }
      const isLast = t + step >= time;
      const h = isLast ? time - t : step;
      for (let stage = 1; stage < STAGES.length; stage++) {
        const weights = STAGES[stage];
        for (let i = 0; i < y.length; i++) {
          let change = 0;
          for (let k = 0; k < stage; k++) change += weights[k] * slopes[k][i];
          next[i] = y[i] + h * change;
        }
        slope(next, slopes[stage]);
      }
      const error = size((i) => h * ERROR.reduce((sum, weight, k) => sum + weight * slopes[k][i], 0), y, next);
      const factor = Math.min(GROW, Math.max(SHRINK, SAFETY * error ** (-1 / 5)));
      // Not a number is too large as well.
      if (error <= 1) {
        t = isLast ? time : t + h;
        [y, next] = [next, y];
        [slopes[0], slopes[6]] = [slopes[6], slopes[0]];
        if (!isLast || factor < 1) step = h * factor;
      } else {
        step = h * (Number.isNaN(factor) ? SHRINK : Math.min(factor, 1));
      }
    }
    results.push(Float64Array.from(y));
  }
  return results;
}
