import { vjp } from '../../autodiff/index.ts';
import { apply, type Backend, constant, evaluate, maxPool, ndarray, type Pair } from '../../tensor/index.ts';
import { anywhere, draw } from '../arrays.ts';
import type { Measured } from '../law.ts';

/** A max pool over planes full of ties. */
export interface MaxPoolCase {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: number;
  readonly size: Pair;
  readonly seed: number;
}

/**
 * The index of every window's first largest element in row-major order, and the gradient that goes there: whole numbers,
 * and so exact.
 */
export async function checkMaxPool(
  backend: Backend,
  { kernel, stride, padding, size, seed }: MaxPoolCase,
): Promise<Measured[]> {
  const [h, w] = size;
  const whole = (from: number, shape: readonly number[]) =>
    draw(from, shape, (generator, count) => anywhere(generator, count).map((x) => Math.round(x / 2)), 'float32');
  const x = whole(seed, [2, 2, h, w]);
  const xs = constant(x);
  const pooled = maxPool(xs, kernel, { stride, padding });
  const [p, q] = pooled.shape.slice(-2);
  const g = whole(seed + 1, pooled.shape);
  const attributes = {
    ...{ kernel, stride },
    padding: [
      [padding, padding],
      [padding, padding],
    ],
  } as const;
  const index = apply('maxPoolIndex', [xs], attributes);
  const results = await evaluate([index, ...vjp([pooled], [xs], [constant(g)])], new Map(), backend);

  const firsts: number[] = [];
  const gradient = new Float32Array(x.data.length);
  for (let plane = 0; plane < 4; plane++) {
    for (let i = 0; i < p; i++) {
      for (let j = 0; j < q; j++) {
        let best = -1;
        for (let r = 0; r < kernel[0]; r++) {
          for (let s = 0; s < kernel[1]; s++) {
            const [y, z] = [i * stride[0] - padding + r, j * stride[1] - padding + s];
            if (y < 0 || z < 0 || y >= h || z >= w) continue;
            const at = y * w + z;
            if (best < 0 || x.data[plane * h * w + at] > x.data[plane * h * w + best]) best = at;
          }
        }
        gradient[plane * h * w + best] += g.data[firsts.length];
        firsts.push(best);
      }
    }
  }
  const expected = [ndarray(firsts, pooled.shape), ndarray(gradient, x.shape)];
  return results.map((result, k) => {
    const i = result.data.findIndex((value, at) => value !== expected[k].data[at]);
    if (i < 0) return { what: ['index', 'gradient'][k], error: 0, bound: 0 };
    return {
      what: `${['index', 'gradient'][k]}: element ${i}`,
      error: Math.abs(result.data[i] - expected[k].data[i]),
      bound: 0,
    };
  });
}
