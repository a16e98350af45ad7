import { theme } from '../theme.ts';

// Colours of heat maps: viridis where nothing is negative, two hues that part at 0 where something is.

type Rgb = readonly [number, number, number];

/** Viridis (van der Walt & Smith 2015) at nine places. */
const VIRIDIS: readonly Rgb[] = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 73, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [253, 231, 37],
];

/** Below 0, at 0 and above it; 0 fades into the page. */
const DIVERGING: Readonly<Record<'light' | 'dark', readonly Rgb[]>> = {
  light: [
    [179, 71, 0],
    [243, 244, 246],
    [10, 92, 153],
  ],
  dark: [
    [255, 148, 85],
    [36, 42, 50],
    [61, 147, 214],
  ],
};

function at(stops: readonly Rgb[], share: number): Rgb {
  const place = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(place));
  const part = place - below;
  const mix = (channel: 0 | 1 | 2) => stops[below][channel] * (1 - part) + stops[below + 1][channel] * part;
  return [mix(0), mix(1), mix(2)];
}

/** The colours of a heat map of given values. */
export interface ColorScale {
  readonly low: number;
  readonly high: number;
  readonly rgb: (value: number) => Rgb;
}

/** The scale of some values, in the theme that is shown. */
export function colorScale(values: ArrayLike<number>): ColorScale {
  let [low, high] = [0, 0];
  for (let k = 0; k < values.length; k++) {
    if (!Number.isFinite(values[k])) continue;
    [low, high] = [Math.min(low, values[k]), Math.max(high, values[k])];
  }
  const most = Math.max(-low, high) || 1;
  if (low >= 0) return { low: 0, high: most, rgb: (value) => at(VIRIDIS, value / most) };
  const stops = DIVERGING[theme.value];
  return { low: -most, high: most, rgb: (value) => at(stops, (value / most + 1) / 2) };
}

/** A colour as CSS has it. */
export const css = ([r, g, b]: Rgb): string => `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;
