import type { Frame } from './run.ts';

/** What curves over steps are drawn from. */
export type Moment = Pick<Frame, 'step' | 'modes'> & {
  /** Mean squared errors. */
  readonly real: number;
  readonly linearised: number;
  readonly infinite: number | undefined;
};

/** How many points are kept: a longer history keeps every second, every fourth, … */
export const MOST_MOMENTS = 400;

/** A history with one more point. */
export function withMoment(
  history: readonly Moment[],
  { step, real, linearised, infinite, modes }: Frame,
): readonly Moment[] {
  const moment = {
    ...{ step, modes, real: real.meanSquaredError, linearised: linearised.meanSquaredError },
    infinite: infinite?.meanSquaredError,
  };
  if (history.at(-1)?.step === step) return history;
  const kept = history.length < MOST_MOMENTS ? history : history.filter((_, i) => i % 2 === 0);
  return [...kept, moment];
}

/** The range of steps on the axis, at least up to the current one: not every step moves the axis. */
export function stepDomain(history: readonly Moment[]): readonly [number, number] {
  let end = 50;
  while (end < (history.at(-1)?.step ?? 0)) end *= 2;
  return [0, end];
}

/** Powers of ten around positive values, within the bounds. */
export function decades(
  values: readonly number[],
  [least, most]: readonly [number, number],
): readonly [number, number] {
  let [low, high] = [Infinity, 0];
  for (const value of values) {
    if (!(value > 0 && value < Infinity)) continue;
    [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  if (high === 0) return [least, most];
  const top = Math.min(most, 10 ** Math.ceil(Math.log10(high)));
  const bottom = Math.max(least, 10 ** Math.floor(Math.log10(low)));
  return [Math.min(bottom, top / 100), top];
}

/** Some of the modes: the first, the last, and those between, at most `count`. */
export function someModes(modes: number, count: number): number[] {
  const places = Array.from({ length: Math.min(count, modes) }, (_, i) => i);
  return places.map((i) => Math.round((i * (modes - 1)) / Math.max(1, places.length - 1)));
}
