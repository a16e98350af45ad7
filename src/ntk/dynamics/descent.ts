import { checkOptions, formatValue, checkReal } from '../../check.ts';
import { InputError } from '../../errors.ts';
import { type Affine, affinePower, spectralRadius } from './affinePower.ts';

/**
 * How a quadratic loss ½·h·r² goes down, where h is its curvature and r the residual of one mode. All of them are linear
 * in r, so that a mode's future is two numbers.
 */
export interface Descent {
  /** For messages: `gradient flow`, `gradient descent`, … */
  readonly name: string;
  /** What a time is: any number, or a number of steps. */
  readonly clock: 'time' | 'steps';
  /** Curvatures above it grow in place of shrinking; Infinity where none does. */
  readonly stableCurvature: number;
  /** r(t)/r(0). */
  readonly remaining: (curvature: number, time: number) => number;
  /** (1 − r(t)/r(0))/h, to full precision where h is small; its limit where h is 0. */
  readonly learned: (curvature: number, time: number) => number;
  /**
   * The time in which the slower part of r shrinks by a factor of e, once it is the larger one; negative where r grows,
   * Infinity where it does neither.
   */
  readonly timeConstant: (curvature: number) => number;
}

/** Makes sure of a descent that comes from code without types. */
export function checkDescent(where: string, descent: unknown): asserts descent is Descent {
  const { remaining, learned } = Object(descent) as Partial<Record<keyof Descent, unknown>>;
  if (typeof remaining === 'function' && typeof learned === 'function') return;
  throw new InputError(
    `${where}: expected gradientFlow(), momentumFlow(…) or gradientDescent(…), got ${formatValue(descent)}`,
  );
}

/**
 * Gradient flow, dθ/dt = −∇L: r(t) = r(0)·e^(−h·t). One step of learning rate η is a time η of it, to first order.
 *
 * @example
 * console.log(gradientFlow().remaining(2, 1).toFixed(4)); // 0.1353
 */
export function gradientFlow(): Descent {
  return {
    name: 'gradient flow',
    clock: 'time',
    stableCurvature: Infinity,
    remaining: (h, t) => (h === 0 ? 1 : Math.exp(-h * t)),
    learned: (h, t) => (h === 0 ? t : -Math.expm1(-h * t) / h),
    timeConstant: (h) => 1 / h,
  };
}

/** Options of {@link momentumFlow}. */
export interface MomentumFlowOptions {
  /** γ > 0, in units of 1/time. */
  readonly friction: number;
}

/**
 * Gradient flow with momentum: a heavy ball with friction, θ̈ + γ·θ̇ = −∇L, from rest. Steps of learning rate η and
 * momentum μ follow it with γ = (1 − μ)/√η, √η being the time of a step, as η goes to 0.
 *
 * With q = γ/2 and ω² = q² − h, r(t)/r(0) = e^(−q·t)·(cosh ωt + (q/ω)·sinh ωt), a damped oscillation where h > q².
 *
 * @throws InputError when the friction is no number > 0.
 *
 * @example
 * const critical = momentumFlow({ friction: 2 }); // of curvature 1: r(t)/r(0) = e^(−t)·(1 + t)
 * console.log(critical.remaining(1, 1).toFixed(4)); // 0.7358
 */
export function momentumFlow(options: MomentumFlowOptions): Descent {
  checkOptions('momentumFlow', options, ['friction']);
  const q = checkReal('momentumFlow: friction', options.friction, { least: 0, open: true }) / 2;
  const remaining = (h: number, t: number) => {
    if (h === 0 || t === 0) return 1;
    if (t === Infinity) return 0;
    const d = q * q - h;
    if (d < 0) {
      const v = Math.sqrt(-d);
      return Math.exp(-q * t) * (Math.cos(v * t) + (q / v) * Math.sin(v * t));
    }
    const w = Math.sqrt(d);
    const { slow, fast } = rates(h, w);
    const [slowly, fastly] = [Math.exp(slow * t), Math.exp(fast * t)];
    return (slowly + fastly) / 2 + q * hyperbolicSine(w, t, slowly, fastly);
  };
  // −q ± ω; the slow one in the form that loses nothing where h is small.
  const rates = (h: number, w: number) => ({ slow: -h / (q + w), fast: -(q + w) });
  return {
    name: 'gradient flow with momentum',
    clock: 'time',
    stableCurvature: Infinity,
    remaining,
    learned: (h, t) => {
      if (h > (q * q) / 2) return (1 - remaining(h, t)) / h;
      if (t === Infinity) return 1 / h;
      // r = (s·e^(f·t) − f·e^(s·t))/(s − f) with s the slow and f the fast rate, and s·f = h.
      const { slow, fast } = rates(h, Math.sqrt(q * q - h));
      const slowly = h === 0 ? t / fast : Math.expm1(slow * t) / h;
      return (fast * slowly - Math.expm1(fast * t) / fast) / (slow - fast);
    },
    timeConstant: (h) => {
      const d = q * q - h;
      return d < 0 ? 1 / q : (q + Math.sqrt(d)) / h;
    },
  };
}

/** e^(−q·t)·sinh(ω·t)/ω, given e^(−q·t ± ω·t). */
function hyperbolicSine(w: number, t: number, slowly: number, fastly: number): number {
  if (w === 0) return t * fastly;
  return 2 * w * t < 1 ? (fastly * Math.expm1(2 * w * t)) / (2 * w) : (slowly - fastly) / (2 * w);
}

/** Options of {@link gradientDescent}; PyTorch's `SGD` has the same names, defaults and meaning, with dampening 0. */
export interface GradientDescentOptions {
  readonly learningRate: number;
  /** μ, from 0 to below 1; 0 by default. */
  readonly momentum?: number;
  /** Whether momentum is Nesterov's; false by default. */
  readonly nesterov?: boolean;
}

/**
 * Steps of gradient descent as PyTorch's `SGD` takes them, from a velocity of 0:
 *
 *     v ← μ·v + ∇L,   θ ← θ − η·v            (Nesterov: θ ← θ − η·(∇L + μ·v))
 *
 * Without momentum r(t) = (1 − η·h)ᵗ·r(0). With it (r, η·J·v) is multiplied by a 2×2 matrix a step, whose power is
 * computed by squaring: a time costs about log₂ t operations, not t.
 *
 * It converges where η·h < 2, or < 2·(1 + μ) with momentum, or < 2·(1 + μ)/(1 + 2μ) with Nesterov's.
 *
 * @throws InputError when a setting is out of its range.
 *
 * @example
 * console.log(gradientDescent({ learningRate: 0.1 }).remaining(1, 2).toFixed(4)); // 0.8100
 * console.log(gradientDescent({ learningRate: 0.1, momentum: 0.9 }).stableCurvature.toFixed(2)); // 38.00
 */
export function gradientDescent(options: GradientDescentOptions): Descent {
  checkOptions('gradientDescent', options, ['learningRate', 'momentum', 'nesterov']);
  const { momentum = 0, nesterov = false } = options;
  const eta = checkReal('gradientDescent: learningRate', options.learningRate, { least: 0, open: true });
  checkReal('gradientDescent: momentum', momentum, { least: 0, below: 1 });
  if (typeof nesterov !== 'boolean') {
    throw new InputError(`gradientDescent: nesterov: expected true or false, got ${formatValue(nesterov)}`);
  }
  const stableCurvature = stableStep({ momentum, nesterov }) / eta;
  const common = { clock: 'steps', stableCurvature } as const;
  if (momentum === 0) return { ...common, name: 'gradient descent', ...plain(eta) };
  return { ...common, name: 'gradient descent with momentum', ...withMomentum(eta, momentum, nesterov) };
}

/** The least η·h that does not shrink. */
export function stableStep({ momentum, nesterov }: { momentum: number; nesterov: boolean }): number {
  return (2 * (1 + momentum)) / (nesterov ? 1 + 2 * momentum : 1);
}

type Factors = Pick<Descent, 'remaining' | 'learned' | 'timeConstant'>;

function plain(eta: number): Factors {
  // By log1p, so that 1 − h is not rounded.
  const logarithm = (h: number) => (h < 1 ? Math.log1p(-h) : Math.log(h - 1));
  const remaining = (curvature: number, t: number) => {
    const h = eta * curvature;
    if (t === 0 || h === 0) return 1;
    if (h === 1 || (t === Infinity && h < 2)) return 0;
    return (h < 1 || t % 2 === 0 ? 1 : -1) * Math.exp(t * logarithm(h));
  };
  return {
    remaining,
    learned: (curvature, t) => {
      if (curvature === 0) return eta * t;
      const h = eta * curvature;
      return (h < 1 ? -Math.expm1(t * logarithm(h)) : 1 - remaining(curvature, t)) / curvature;
    },
    timeConstant: (curvature) => -1 / logarithm(eta * curvature),
  };
}

function withMomentum(eta: number, mu: number, nesterov: boolean): Factors {
  // What is learned, in units of η: z = (s, w) with r = 1 − h·s, and h·w the change that the velocity brings.
  const step = (h: number): Affine =>
    nesterov
      ? { matrix: [1 - h - mu * h, mu * mu, -h, mu], shift: [1 + mu, 1] }
      : { matrix: [1 - h, mu, -h, mu], shift: [1, 1] };
  return {
    remaining: (curvature, t) => {
      const h = eta * curvature;
      if (t === 0 || h === 0) return 1;
      if (t === Infinity) return 0;
      // The same map about its fixed point, (1/h, 0): r is multiplied by the first entry of the power, from rest.
      return affinePower({ ...step(h), shift: [0, 0] }, t).matrix[0];
    },
    learned: (curvature, t) => {
      if (t === Infinity) return 1 / curvature;
      return eta * affinePower(step(eta * curvature), t).shift[0];
    },
    timeConstant: (curvature) => {
      const h = eta * curvature;
      return h === 0 ? Infinity : -1 / Math.log(spectralRadius(step(h).matrix));
    },
  };
}
