import type { PoolAttributes, PrimitiveOp, ReductionAttributes, Shape } from '../../tensor/index.ts';

/** Visits the elements of each window of a pool, in row-major order; `from` is […, H, W], `to` […, P, Q]. */
export function forEachWindow(op: PrimitiveOp, from: Shape, to: Shape, visit: (places: number[]) => void): void {
  const { kernel, stride, padding } = op.attributes as PoolAttributes;
  const [h, w] = from.slice(-2);
  const [p, q] = to.slice(-2);
  const planes = from.slice(0, -2).reduce((a, b) => a * b, 1);
  for (let plane = 0; plane < planes; plane++) {
    for (let window = 0; window < p * q; window++) {
      const top = Math.floor(window / q) * stride[0] - padding[0][0];
      const left = (window % q) * stride[1] - padding[1][0];
      const places: number[] = [];
      for (let i = Math.max(0, top); i < Math.min(h, top + kernel[0]); i++) {
        for (let j = Math.max(0, left); j < Math.min(w, left + kernel[1]); j++) places.push((plane * h + i) * w + j);
      }
      visit(places);
    }
  }
}

/** Visits the elements that each element of a reduction is made of. */
export function forEachLine(op: PrimitiveOp, from: Shape, _to: Shape, visit: (places: number[]) => void): void {
  const axes = (op.attributes as ReductionAttributes).axes.map((axis) => from.length + axis);
  const strides = from.map((_, d) => from.slice(d + 1).reduce((a, b) => a * b, 1));
  const offsets = (dimensions: readonly number[]) =>
    dimensions.reduce<number[]>(
      (places, d) => places.flatMap((place) => Array.from({ length: from[d] }, (_, i) => place + i * strides[d])),
      [0],
    );
  const within = offsets(axes);
  const others = from.map((_, d) => d).filter((d) => !axes.includes(d));
  for (const start of offsets(others)) visit(within.map((offset) => start + offset));
}
