import { describe, expect, test } from 'vitest';
import { type Descent, gradientDescent, gradientFlow, momentumFlow, optimalDescents } from '../../../src/ntk/index.ts';

const steps = [
  { learningRate: 0.3 },
  { learningRate: 0.3, momentum: 0.9 },
  { learningRate: 0.3, momentum: 0.6, nesterov: true },
];

/** r(t)/r(0) after t steps. */
function stepped(
  h: number,
  t: number,
  { learningRate, momentum = 0, nesterov = false }: (typeof steps)[number],
): number {
  let [r, v] = [1, 0];
  for (let i = 0; i < t; i++) {
    const g = h * r;
    v = momentum * v + g;
    r -= learningRate * (nesterov ? g + momentum * v : v);
  }
  return r;
}

describe.each(steps)('gradient descent with %o', (setting) => {
  const descent = gradientDescent(setting);

  test.each([1e-3, 0.1, 1, 3, 5])('decays at curvature %d as steps do', (h) => {
    for (const t of [0, 1, 2, 3, 17, 64, 100]) {
      const expected = stepped(h, t, setting);
      expect(Math.abs(descent.remaining(h, t) - expected)).toBeLessThan(1e-13 * Math.max(1, Math.abs(expected)));
      const learned = (1 - expected) / h;
      expect(Math.abs(descent.learned(h, t) - learned)).toBeLessThan(1e-12 * Math.max(1, Math.abs(learned)));
    }
  });

  test('learns the same at a tiny curvature as at none, to all digits', () => {
    for (const t of [1, 7, 1000]) expect(descent.learned(1e-18, t) / descent.learned(0, t)).toBeCloseTo(1, 13);
    // A constant gradient of −1, by hand: η·(1 + (1 + μ) + …), each with the momentum's next term.
    const { learningRate: eta, momentum: mu = 0, nesterov } = setting;
    expect(descent.learned(0, 1)).toBeCloseTo(eta * (nesterov ? 1 + mu : 1), 15);
    expect(descent.learned(0, 2)).toBeCloseTo(eta * (nesterov ? 2 + 2 * mu + mu * mu : 2 + mu), 15);
  });

  test('converges below the limit and not above it', () => {
    const limit = descent.stableCurvature;
    expect(Math.abs(descent.remaining(0.99 * limit, 3000))).toBeLessThan(1e-6);
    expect(Math.abs(descent.remaining(1.01 * limit, 3000))).toBeGreaterThan(1e6);
    expect(descent.timeConstant(0.99 * limit)).toBeGreaterThan(0);
    expect(descent.timeConstant(1.01 * limit)).toBeLessThan(0);
    expect(descent.remaining(0.99 * limit, Infinity)).toBe(0);
  });
});

/** The size of r after a long time, apart from oscillations: the largest of some nearby times. */
function envelope(descent: Descent, h: number, t: number): number {
  return Math.max(...Array.from({ length: 60 }, (_, i) => Math.abs(descent.remaining(h, t + i))));
}

test.each([
  ...steps.map((setting) => ({ descent: gradientDescent(setting), h: 0.07, at: 300 })),
  { descent: gradientDescent(steps[1]), h: 1e-4, at: 30_000 },
  { descent: gradientFlow(), h: 0.07, at: 30 },
  { descent: momentumFlow({ friction: 1 }), h: 0.07, at: 300 },
  { descent: momentumFlow({ friction: 0.2 }), h: 0.07, at: 300 },
])('in a time constant a mode shrinks by e: $descent.name, h = $h', ({ descent, h, at }) => {
  const tau = descent.timeConstant(h);
  const span = descent.clock === 'steps' ? Math.round(tau * 40) : tau * 40;
  // Over 40 of them, the phase of an oscillation matters little.
  const shrunk = Math.log(envelope(descent, h, at) / envelope(descent, h, at + span));
  expect(shrunk / (span / tau)).toBeCloseTo(1, 1);
});

test('a heavy ball with friction is the limit of steps with momentum, with a step of √η', () => {
  const time = 3;
  for (const [friction, h] of [
    [1, 0.01],
    [1, 0.2],
    [1, 0.25],
    [1, 0.25 - 1e-12],
    [1, 0.25 + 1e-12],
    [1, 4],
    [0.1, 3],
  ]) {
    const flow = momentumFlow({ friction });
    const gaps = [1000, 2000, 4000].map((count) => {
      const root = time / count;
      const descent = gradientDescent({ learningRate: root ** 2, momentum: 1 - friction * root });
      return [flow.remaining(h, time) - descent.remaining(h, count), flow.learned(h, time) - descent.learned(h, count)];
    });
    for (const of of [0, 1]) {
      expect(Math.abs(gaps[0][of])).toBeLessThan(0.02);
      for (const i of [1, 2]) expect(Math.abs(gaps[i - 1][of] / gaps[i][of] - 2)).toBeLessThan(0.02);
    }
  }
});

test.each([gradientFlow(), momentumFlow({ friction: 0.5 })])(
  '$name: what is left and what is learned add up to 1',
  (flow) => {
    for (const h of [1e-9, 1e-3, 0.02, 0.03125, 0.0625, 1, 7]) {
      for (const t of [0, 0.1, 1, 20, 1e4, Infinity]) {
        expect(Math.abs(flow.remaining(h, t) + h * flow.learned(h, t) - 1)).toBeLessThan(1e-14);
      }
    }
    expect(flow.learned(1e-17, 3) / flow.learned(0, 3)).toBeCloseTo(1, 14);
  },
);

test('gradient flow keeps the digits of small curvatures, and a heavy ball without curvature follows its formula', () => {
  expect(gradientFlow().learned(1e-12, 2)).toBeCloseTo(2 - 2e-12, 15);
  // ẍ = 1 − γ·ẋ from rest.
  expect(momentumFlow({ friction: 0.5 }).learned(0, 3)).toBeCloseTo((3 - (1 - Math.exp(-1.5)) / 0.5) / 0.5, 13);
});

describe('the fastest descents', () => {
  const [lowest, highest] = [0.2, 5];
  const { kappa, plain, momentum } = optimalDescents(lowest, highest);
  const slowest = (learningRate: number, mu: number) =>
    Math.max(
      ...[lowest, 1, highest]
        .map((h) => gradientDescent({ learningRate, momentum: mu }).timeConstant(h))
        .map((tau) => (tau < 0 ? Infinity : tau)),
    );

  test('are faster than their neighbours', () => {
    expect(kappa).toBeCloseTo(25, 12);
    for (const { learningRate, momentum: mu, timeConstant, rate } of [plain, momentum]) {
      expect(-1 / Math.log(rate)).toBeCloseTo(timeConstant, 10);
      expect(slowest(learningRate, mu) / timeConstant).toBeCloseTo(1, 6);
      for (const factor of [0.98, 1.02]) expect(slowest(learningRate * factor, mu)).toBeGreaterThan(timeConstant);
      if (mu > 0) for (const by of [-0.02, 0.02]) expect(slowest(learningRate, mu + by)).toBeGreaterThan(timeConstant);
    }
    expect(plain.rate).toBeCloseTo(24 / 26, 14);
    expect(momentum.rate).toBeCloseTo(4 / 6, 14);
  });

  test('take κ/2 and √κ/2 steps for a factor of e', () => {
    const { plain, momentum } = optimalDescents(1, 1e8);
    expect(plain.timeConstant / 5e7).toBeCloseTo(1, 12);
    expect(momentum.timeConstant / 5e3).toBeCloseTo(1, 6);
    expect(optimalDescents(2, 2).plain).toEqual({ learningRate: 0.5, momentum: 0, rate: 0, timeConstant: 0 });
  });
});

test('settings out of range are refused', () => {
  const range = /^gradientDescent: (learningRate|momentum): expected a finite number (> 0|≥ 0 and < 1), got /;
  for (const learningRate of [0, -1, NaN, Infinity]) expect(() => gradientDescent({ learningRate })).toThrow(range);
  for (const momentum of [-0.1, 1, NaN]) expect(() => gradientDescent({ learningRate: 1, momentum })).toThrow(range);
  expect(() => gradientDescent({ learningRate: 1, nesterov: 1 as never })).toThrow(
    'nesterov: expected true or false, got 1',
  );
  expect(() => gradientDescent({ lr: 1 } as never)).toThrow('expected options among learningRate, momentum, nesterov');
  expect(() => momentumFlow({ friction: 0 })).toThrow('momentumFlow: friction: expected a finite number > 0, got 0');
  expect(() => optimalDescents(2, 1)).toThrow('optimalDescents: highest: expected a finite number ≥ 2, got 1');
});
