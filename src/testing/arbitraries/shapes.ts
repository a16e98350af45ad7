import fc from 'fast-check';

/** A seed of random numbers. */
export const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/**
 * A small extent, `min` (1 by default) to `max`.
 *
 * @example
 * const squares = law<(n: number) => number, number>({
 *   name: 'squares',
 *   statement: 'n² = n·n.',
 *   cases: { small: extent(9) }, // 1 to 9
 *   check: (square, n) => Promise.resolve([{ what: 'n²', error: Math.abs(square(n) - n * n), bound: 0 }]),
 *   source: (n) => ({ imports: {}, expression: String(n) }),
 * });
 * const { cases, broken } = await squares.run((n) => n ** 2, { runs: 20 });
 * console.log(cases, broken); // 20 undefined
 */
export const extent = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

/** Few small leading dimensions, none more often than not. */
export const leadingShape: fc.Arbitrary<number[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant([] as number[]) },
  { weight: 1, arbitrary: fc.array(extent(3), { minLength: 1, maxLength: 2 }) },
);

/** Shapes of one to three small dimensions. */
export const shapes: fc.Arbitrary<number[]> = fc.array(extent(4), { minLength: 1, maxLength: 3 });
