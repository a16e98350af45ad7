import { type Kernel, overLeading } from '../kernel.ts';
import type { Shape } from '../../../shape.ts';
import type { PoolAttributes, PoolingPrimitives } from '../../../primitives/pooling.ts';

/** The part of a window that lies inside the input, ends exclusive. */
interface Window {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

function windowAt(p: number, q: number, [h, w]: Shape, { kernel, stride, padding }: PoolAttributes): Window {
  const top = p * stride[0] - padding[0];
  const left = q * stride[1] - padding[1];
  return {
    top: Math.max(0, top),
    bottom: Math.min(h, top + kernel[0]),
    left: Math.max(0, left),
    right: Math.min(w, left + kernel[1]),
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

function divisor({ top, bottom, left, right }: Window, attributes: PoolingPrimitives['averagePool']): number {
  return attributes.countIncludePad ? attributes.kernel[0] * attributes.kernel[1] : (bottom - top) * (right - left);
}

export const poolingKernels: { [P in keyof PoolingPrimitives]: Kernel<PoolingPrimitives[P]> } = {
  averagePool: overLeading(
    () => [2, 2],
    (attributes, [input], windows) =>
      (y, [x]) => {
        forEachWindow(input, windows, attributes, (position, window) => {
          let sum = 0;
          for (let i = window.top; i < window.bottom; i++) {
            for (let j = window.left; j < window.right; j++) sum += x[i * input[1] + j];
          }
          y[position] = sum / divisor(window, attributes);
        });
      },
  ),
  averagePoolGradient: overLeading(
    () => [2, 2],
    (attributes, [windows], input) => {
      const sum = new Float64Array(input[0] * input[1]);
      return (gx, [gy]) => {
        sum.fill(0);
        forEachWindow(input, windows, attributes, (position, window) => {
          const share = gy[position] / divisor(window, attributes);
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
  gatherPixels: overLeading(
    () => [2, 2, 2],
    () =>
      (y, [x, index]) => {
        for (let i = 0; i < y.length; i++) y[i] = x[index[i]];
      },
  ),
  scatterPixels: overLeading(
    () => [2, 2, 2],
    (_, [windows], input) => {
      const sum = new Float64Array(input[0] * input[1]);
      return (gx, [gy, index]) => {
        sum.fill(0);
        for (let i = 0; i < windows[0] * windows[1]; i++) sum[index[i]] += gy[i];
        gx.set(sum);
      };
    },
  ),
};
