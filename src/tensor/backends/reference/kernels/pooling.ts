import { type Kernel, overLeading } from '../kernel.ts';
import type { Shape } from '../../../shape.ts';
import { before, type Sides } from '../../../primitives/convolution.ts';
import type { AveragePoolAttributes, PoolAttributes, PoolingPrimitives } from '../../../primitives/pooling.ts';

/** The part of a window that lies inside the input, or inside the input and some of its padding; ends exclusive. */
interface Window {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

const NOTHING: Sides = [
  [0, 0],
  [0, 0],
];

function windowAt(p: number, q: number, [h, w]: Shape, attributes: PoolAttributes, around = NOTHING): Window {
  const { kernel, stride, padding } = attributes;
  const [rows, columns] = [0, 1].map((i) => [-around[i][0], [h, w][i] + around[i][1]]);
  const top = p * stride[0] - before(padding)[0];
  const left = q * stride[1] - before(padding)[1];
  return {
    top: Math.max(rows[0], top),
    bottom: Math.min(rows[1], top + kernel[0]),
    left: Math.max(columns[0], left),
    right: Math.min(columns[1], left + kernel[1]),
  };
}

/** Visits every window of a plane: its position in the output, its part inside the input. */
function forEachWindow(
  input: Shape,
  [p, q]: Shape,
  attributes: PoolAttributes,
  visit: (position: number, window: Window) => void,
): void {
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < q; j++) visit(i * q + j, windowAt(i, j, input, attributes));
  }
}

/** The number of places of each window that count. */
function divisors(input: Shape, [p, q]: Shape, attributes: AveragePoolAttributes): number[] {
  return Array.from({ length: p * q }, (_, i) => {
    const { top, bottom, left, right } = windowAt(Math.floor(i / q), i % q, input, attributes, attributes.counted);
    return (bottom - top) * (right - left);
  });
}

export const poolingKernels: { [P in keyof PoolingPrimitives]: Kernel<PoolingPrimitives[P]> } = {
  averagePool: overLeading(
    () => [2, 2],
    (attributes, [input], windows) => {
      const counts = divisors(input, windows, attributes);
      return (y, [x]) => {
        forEachWindow(input, windows, attributes, (position, window) => {
          let sum = 0;
          for (let i = window.top; i < window.bottom; i++) {
            for (let j = window.left; j < window.right; j++) sum += x[i * input[1] + j];
          }
          y[position] = sum / counts[position];
        });
      };
    },
  ),
  averagePoolGradient: overLeading(
    () => [2, 2],
    (attributes, [windows], input) => {
      const counts = divisors(input, windows, attributes);
      const sum = new Float64Array(input[0] * input[1]);
      return (gx, [gy]) => {
        sum.fill(0);
        forEachWindow(input, windows, attributes, (position, window) => {
          const share = gy[position] / counts[position];
          for (let i = window.top; i < window.bottom; i++) {
            for (let j = window.left; j < window.right; j++) sum[i * input[1] + j] += share;
          }
        });
        gx.set(sum);
      };
    },
  ),
  maxPoolIndex: overLeading(
    () => [2, 2],
    (attributes, [input], windows) =>
      (index, [x]) => {
        forEachWindow(input, windows, attributes, (position, window) => {
          let best = window.top * input[1] + window.left;
          for (let i = window.top; i < window.bottom; i++) {
            for (let j = window.left; j < window.right; j++) {
              const candidate = i * input[1] + j;
              // NaN wins, so that it is seen in the result; of equal values the first stays.
              if (x[candidate] > x[best] || (Number.isNaN(x[candidate]) && !Number.isNaN(x[best]))) best = candidate;
            }
          }
          index[position] = best;
        });
      },
  ),
};
