import { checkReal } from '../../check.ts';
import { InputError } from '../../errors.ts';
import { type Module, ReLU } from '../../nn/index.ts';
import { atMost, forEachCovariance } from './covariances.ts';
import type { KernelMap } from './kernelMap.ts';
import { type Signal, visited } from './signal.ts';
import { Erf, Rectifier } from './modules.ts';

/**
 * Two Gaussian numbers u and v of mean 0: E[φ(u)·φ(v)] and E[φ'(u)·φ'(v)], by their variances and covariance. What it
 * returns of (a, a, a) must be what it returns of one number with itself, to the last bit.
 */
type Expectations = (k12: number, k11: number, k22: number) => readonly [value: number, derivative: number];

/** @throws InputError when the channels are not what a wide linear layer makes. */
export function checkGaussian(where: string, signal: Signal): void {
  if (signal.gaussian) return;
  throw new InputError(
    `${where}: expected a Gaussian signal, as dense and conv give, got that of ${signal.source}, which has no formula`,
  );
}

/** K' = E[φ(u)·φ(v)], Θ' = Θ·E[φ'(u)·φ'(v)] */
function elementwise(name: string, expectations: Expectations, network: () => Module): KernelMap {
  const after = (signal: Signal): Signal => ({ ...signal, gaussian: false, centred: false, source: name });
  return {
    name,
    infer: (signal, visit) => {
      checkGaussian(name, signal);
      return visited(after(signal), visit);
    },
    needs: (wanted) => wanted,
    apply: (given, wanted, variances) => {
      const input = atMost(given, wanted);
      const { first, second } = variances.next(input);
      const nngp = new Float64Array(input.nngp.length);
      const ntk = new Float64Array(input.nngp.length);
      forEachCovariance(input, (at, a, b) => {
        const [value, derivative] = expectations(input.nngp[at], first[a], second[b]);
        nngp[at] = value;
        ntk[at] = input.ntk[at] * derivative;
      });
      return { ...input, signal: after(input.signal), nngp, ntk };
    },
    network,
  };
}

/**
 * φ(u) = u above 0 and slope·u below: slope·u + (1 − slope)·relu(u). The arc-cosine kernels of Cho & Saul 2009 are what
 * relu has: with cos θ = k12/√(k11·k22),
 *
 *     E[relu(u)·relu(v)] = √(k11·k22)·(sin θ + (π − θ)·cos θ)/2π,   E[relu'(u)·relu'(v)] = (π − θ)/2π
 */
function rectified(slope: number): Expectations {
  const rest = (1 - slope) ** 2;
  return (k12, k11, k22) => {
    const root = Math.sqrt(k11 * k22);
    if (root === 0) return [0, derivativeAtZero(slope, k11, k22)];
    // sin θ by the determinant: 1 − cos² would lose more. It is 0 where the two are one number.
    const sine = Math.sqrt(Math.max(0, k11 * k22 - k12 * k12)) / root;
    const cosine = k12 / root;
    const share = (Math.PI - Math.atan2(sine, cosine)) / (2 * Math.PI);
    const value = root * (sine / (2 * Math.PI) + share * cosine);
    return [slope * k12 + rest * value, slope + rest * share];
  };
}

/** Where a variance is 0 the number is 0, and φ'(0) is the slope, as in PyTorch. */
function derivativeAtZero(slope: number, k11: number, k22: number): number {
  const mean = (k: number) => (k === 0 ? slope : (1 + slope) / 2);
  return mean(k11) * mean(k22);
}

/**
 * max(u, 0).
 *
 * @throws InputError when its input is not Gaussian: when it does not come from a linear layer.
 */
export function relu(): KernelMap {
  return elementwise('relu', rectified(0), () => new ReLU());
}

/**
 * u where u > 0 and slope·u elsewhere.
 *
 * @param slope 0.01 by default, as in PyTorch
 * @throws InputError when the slope is no finite number, or its input is not Gaussian.
 */
export function leakyRelu(slope = 0.01): KernelMap {
  checkReal('leakyRelu: slope', slope, {});
  return elementwise('leakyRelu', rectified(slope), () => new Rectifier(slope));
}

/**
 * The error function (Williams 1997): with d = (1 + 2·k11)·(1 + 2·k22),
 *
 *     E[erf(u)·erf(v)] = (2/π)·asin(2·k12/√d),   E[erf'(u)·erf'(v)] = (4/π)/√(d − 4·k12²)
 *
 * @throws InputError when its input is not Gaussian.
 */
export function erf(): KernelMap {
  return elementwise(
    'erf',
    (k12, k11, k22) => {
      // d − 4·k12², in a form that loses nothing where variances are large.
      const rest = 1 + 2 * (k11 + k22) + 4 * (k11 * k22 - k12 * k12);
      const root = Math.sqrt(rest);
      return [(2 / Math.PI) * Math.atan2(2 * k12, root), 4 / Math.PI / root];
    },
    () => new Erf(),
  );
}
