import fc from 'fast-check';

/** A seed of random numbers. */
export const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** A small extent, `min` (1 by default) to `max`. */
export const extent = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

/** Few small leading dimensions, none more often than not. */
export const leadingShape: fc.Arbitrary<number[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant([] as number[]) },
  { weight: 1, arbitrary: fc.array(extent(3), { minLength: 1, maxLength: 2 }) },
);

/** Shapes of one to three small dimensions. */
export const shapes: fc.Arbitrary<number[]> = fc.array(extent(4), { minLength: 1, maxLength: 3 });
