import { decodeNpy } from '../data/index.ts';
import { readBytes } from '../node/index.ts';
import type { NDArray } from '../tensor/index.ts';

/** The array of an .npy file: numbers of single precision as they are, all others in double precision. */
export async function readNpy(file: string): Promise<NDArray> {
  const { shape, data } = decodeNpy(await readBytes('npy', file));
  if (data instanceof Float32Array) return { shape, dtype: 'float32', data };
  return { shape, dtype: 'float64', data: Float64Array.from(data) };
}
