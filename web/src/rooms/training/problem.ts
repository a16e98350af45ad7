import { Generator, ndarray, type NDArray } from 'ntkit/tensor';

/** One sample: its one or two coordinates, and its target. */
export interface Sample {
  readonly x: readonly number[];
  readonly y: number;
}

/** Coordinates of samples and of the grid run from −EXTENT to EXTENT. */
export const EXTENT = 2;

/** The largest number of samples: each one adds an eigenvector. */
export const MOST_SAMPLES = 48;

/** A toy problem. */
export interface Problem {
  /** For people. */
  readonly title: string;
  /** Coordinates of a sample: 1 is the regression of a function, 2 that of the classes −1 and 1. */
  readonly inputs: 1 | 2;
  readonly samples: readonly Sample[];
}

/** `count` positions, evenly spaced from one point to another. */
function along(from: number, to: number, count: number, f: (x: number) => number): Sample[] {
  return Array.from({ length: count }, (_, i) => {
    const x = rounded(from + ((to - from) * i) / (count - 1));
    return { x: [x], y: rounded(f(x)) };
  });
}

/** Rounds to the precision of links and of clicked points. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}

/** Samples of the classes 1 and −1 in turn, each a function of its number and of two normal numbers. */
function classes(
  count: number,
  seed: number,
  at: (k: number, y: number, noise: readonly number[]) => number[],
): Sample[] {
  const { data } = new Generator(seed).normals([count, 2]);
  return Array.from({ length: count }, (_, i) => {
    const y = i % 2 === 0 ? 1 : -1;
    const noise = [data[2 * i], data[2 * i + 1]];
    const x = at(Math.floor(i / 2), y, noise).map((value) => rounded(Math.min(EXTENT, Math.max(-EXTENT, value))));
    return { x, y };
  });
}

function noisySine(): Sample[] {
  const { data } = new Generator(5).normals([14]);
  return along(-1.8, 1.8, 14, (x) => Math.sin(2 * x)).map(({ x, y }, i) => ({ x, y: rounded(y + 0.25 * data[i]) }));
}

/** The problems to choose from, by their names in links. */
export const PROBLEMS = {
  sine: { title: 'a sine', inputs: 1, samples: along(-1.6, 1.6, 9, (x) => Math.sin(2.2 * x)) },
  gap: {
    title: 'two groups with a gap',
    inputs: 1,
    samples: [...along(-1.8, -0.8, 5, (x) => Math.cos(3 * x)), ...along(0.8, 1.8, 5, (x) => Math.sin(3 * x))],
  },
  step: { title: 'a step', inputs: 1, samples: along(-1.8, 1.8, 10, (x) => (x < 0 ? -0.8 : 0.8)) },
  waves: {
    title: 'slow and fast waves',
    inputs: 1,
    samples: along(-1.9, 1.9, 20, (x) => 0.7 * Math.sin(1.6 * x) + 0.4 * Math.sin(8 * x)),
  },
  noisy: { title: 'a sine with noise', inputs: 1, samples: noisySine() },
  blobs: {
    title: 'two clouds',
    inputs: 2,
    samples: classes(24, 1, (_, y, [a, b]) => [0.8 * y + 0.4 * a, 0.6 * y + 0.4 * b]),
  },
  xor: {
    title: 'four corners (XOR)',
    inputs: 2,
    samples: classes(28, 2, (k, y, [a, b]) => {
      const side = k % 2 === 0 ? 1 : -1;
      return [side + 0.3 * a, side * y + 0.3 * b];
    }),
  },
  ring: {
    title: 'a ring',
    inputs: 2,
    samples: classes(32, 3, (k, y, [a, b]) => {
      const angle = 2.39996 * k; // the golden angle spreads them
      const radius = y > 0 ? 0.45 * Math.sqrt((k % 8) / 8) : 1.5 + 0.1 * a;
      return [radius * Math.cos(angle) + 0.05 * a, radius * Math.sin(angle) + 0.05 * b];
    }),
  },
  spirals: {
    title: 'two spirals',
    inputs: 2,
    samples: classes(40, 4, (k, y, [a, b]) => {
      const turn = 0.5 + 0.27 * k;
      const radius = 0.32 * turn;
      return [y * radius * Math.cos(turn) + 0.03 * a, y * radius * Math.sin(turn) + 0.03 * b];
    }),
  },
} as const satisfies Readonly<Record<string, Problem>>;

export type ProblemName = keyof typeof PROBLEMS;

export const PROBLEM_NAMES = Object.keys(PROBLEMS) as ProblemName[];

/** Coordinates and targets of samples, [N, D] and [N, 1]. */
export function arraysOf(samples: readonly Sample[]): { x: NDArray; y: NDArray } {
  const n = samples.length;
  return {
    x: ndarray(
      samples.flatMap(({ x }) => x),
      [n, samples[0].x.length],
    ),
    y: ndarray(
      samples.map(({ y }) => y),
      [n, 1],
    ),
  };
}

/** The largest number of grid points along each side of the square. */
const SIDE = 28;

/** … and the smallest, where a network takes long to compute. */
const LEAST_SIDE = 16;

/** Multiplications of one frame above which the grid is coarser. */
const WORK = 1.6e8;

/**
 * Points along an axis: the grid of a function of one coordinate; the grid of two is their square.
 *
 * @param weights the numbers that a network multiplies a sample by
 */
export function gridSide(inputs: 1 | 2, weights: number): number {
  if (inputs === 1) return 121;
  return Math.max(LEAST_SIDE, Math.min(SIDE, Math.floor(Math.sqrt(WORK / weights))));
}

/** The positions along one axis, ascending. */
export function axisOf(side: number): number[] {
  return Array.from({ length: side }, (_, i) => -EXTENT + (2 * EXTENT * i) / (side - 1));
}

/** The points of the grid, [M, D]: along the axis, or row by row from the top of the square. */
export function gridOf(inputs: 1 | 2, side: number): NDArray {
  const axis = axisOf(side);
  if (inputs === 1) return ndarray(axis, [side, 1]);
  return ndarray(
    axis.toReversed().flatMap((second) => axis.flatMap((first) => [first, second])),
    [side ** 2, 2],
  );
}
