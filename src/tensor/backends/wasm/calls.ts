import type { DType } from '../../array.ts';

/** Where an address counts from. Each worker knows where these begin in its memory. */
export type Region = 'constants' | 'fixed' | 'arena' | 'scratch';

/** A place in memory, in bytes from the beginning of a region. */
export interface Address {
  readonly region: Region;
  readonly offset: number;
}

/** The call of a kernel, by its name: {@link kernelIn} gives that of one that exists for each precision. */
export interface Call {
  readonly kernel: string;
  readonly args: readonly (number | Address)[];
}

/** Not a kernel: threads wait here until all have come. Its arguments are two 32-bit zeros, and how many threads. */
export const BARRIER = 'barrier';

/** What stands after the name of a kernel that is the one for float64: two modules export it by the same name. */
export const WIDE = '64';

/** The name of a kernel that exists for each precision. */
export function kernelIn(dtype: DType, kernel: string): string {
  return dtype === 'float32' ? kernel : kernel + WIDE;
}

/** The place `bytes` after another. */
export function advance({ region, offset }: Address, bytes: number): Address {
  return { region, offset: offset + bytes };
}
