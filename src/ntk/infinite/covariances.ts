import { pixelCount, type Signal, type Spatial } from './signal.ts';

/**
 * The covariances and the tangent kernel of features for some pairs of samples (a, b), each per channel: [pairs, P] of the
 * same pixels, or [pairs, P, P], the first pixel being a's.
 */
export interface Covariances {
  readonly signal: Signal;
  readonly spatial: Spatial;
  readonly pairs: number;
  /** The mean over channels of the product of features, what becomes the kernel of a Gaussian process. */
  readonly nngp: Float64Array;
  readonly ntk: Float64Array;
}

/** Σ (∂φ)², say: what a non-linearity reads of both samples of each pair. */
export interface PairVariances {
  /** [pairs, P], of the first sample's pixels. */
  readonly first: Float64Array;
  /** [pairs, P], of the second's. */
  readonly second: Float64Array;
}

/**
 * The variances of single samples, which the maps of a pair read. They are recorded while each sample is paired with
 * itself, at every place where they are read, and read from there for all other pairs: so a pair needs no covariance of a
 * sample with itself, and pairs are computed one by one, in little memory.
 */
export class Variances {
  /** For each place, [samples, P] as they were recorded. */
  readonly #recorded: Float64Array[][];
  readonly #rows: readonly (readonly [first: number, second: number])[] | undefined;
  #place = 0;

  private constructor(
    recorded: Float64Array[][],
    rows: readonly (readonly [first: number, second: number])[] | undefined,
  ) {
    this.#recorded = recorded;
    this.#rows = rows;
  }

  /** For samples that are paired with themselves: variances are taken from the covariances, and appended. */
  static record(recorded: Float64Array[][]): Variances {
    return new Variances(recorded, undefined);
  }

  /** For pairs of recorded samples, by their numbers. */
  static read(recorded: Float64Array[][], rows: readonly (readonly [first: number, second: number])[]): Variances {
    return new Variances(recorded, rows);
  }

  /** What the next place in the order of computation reads. */
  next(input: Covariances): PairVariances {
    const place = this.#place++;
    const pixels = pixelCount(input.signal);
    if (this.#rows === undefined) {
      const own = samePixels(input).nngp;
      const list = (this.#recorded[place] ??= []);
      for (let i = 0; i < input.pairs; i++) list.push(own.slice(i * pixels, (i + 1) * pixels));
      return { first: own, second: own };
    }
    const first = new Float64Array(input.pairs * pixels);
    const second = new Float64Array(input.pairs * pixels);
    this.#rows.forEach(([a, b], i) => {
      first.set(this.#recorded[place][a], i * pixels);
      second.set(this.#recorded[place][b], i * pixels);
    });
    return { first, second };
  }
}

/** The covariances of the same pixels alone. */
export function samePixels(input: Covariances): Covariances {
  if (input.spatial === 'same') return input;
  const pixels = pixelCount(input.signal);
  const diagonal = (data: Float64Array) => {
    const result = new Float64Array(input.pairs * pixels);
    for (let i = 0; i < result.length; i++) {
      const pair = Math.floor(i / pixels);
      result[i] = data[(pair * pixels + (i % pixels)) * pixels + (i % pixels)];
    }
    return result;
  };
  return { ...input, spatial: 'same', nngp: diagonal(input.nngp), ntk: diagonal(input.ntk) };
}

/** What is wanted of the present values. */
export function atMost(input: Covariances, wanted: Spatial): Covariances {
  return wanted === 'same' ? samePixels(input) : input;
}

/** Calls a function for each number, with the places of its two pixels in {@link PairVariances}. */
export function forEachCovariance(
  { signal, spatial, pairs }: Covariances,
  visit: (at: number, first: number, second: number) => void,
): void {
  const pixels = pixelCount(signal);
  if (spatial === 'same') {
    for (let i = 0; i < pairs * pixels; i++) visit(i, i, i);
    return;
  }
  for (let pair = 0, at = 0; pair < pairs; pair++) {
    for (let p = 0; p < pixels; p++) {
      for (let q = 0; q < pixels; q++) visit(at++, pair * pixels + p, pair * pixels + q);
    }
  }
}
