// The precision that kernels compute in. They are compiled for each: scripts/generate.ts puts another type here.

/** The numbers of arrays. */
export type Real = f32;

/** Bytes of a number, the binary logarithm of that, and the numbers in a vector. */
export const SIZE: usize = sizeof<Real>();
export const SHIFT: usize = alignof<Real>();
export const LANES: i32 = 16 / sizeof<Real>();

/** The numbers in a pair of vectors. */
export const PAIR: i32 = 2 * LANES;
