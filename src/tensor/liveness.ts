import { type DType } from './array.ts';
import { type Shape, sizeOf } from './shape.ts';

interface Use {
  readonly operands: readonly number[];
  readonly output: number;
}

/**
 * For each step the computed values that nothing reads after it. Outputs are never released, nor are values of the
 * first `fixedCount` steps that a later one reads, because later steps run again.
 */
export function releases(steps: readonly Use[], fixedCount: number, outputs: readonly number[]): number[][] {
  const lastUse = new Map<number, number>();
  const producer = new Map<number, number>();
  steps.forEach(({ operands, output }, i) => {
    producer.set(output, i);
    for (const value of [...operands, output]) lastUse.set(value, i);
  });
  const result: number[][] = steps.map(() => []);
  for (const [value, made] of producer) {
    const last = lastUse.get(value)!;
    const outlivesItsStage = made < fixedCount && last >= fixedCount;
    if (!outlivesItsStage && !outputs.includes(value)) result[last].push(value);
  }
  return result;
}

/** The most bytes alive at one time over all steps. */
export function peakBytes(
  steps: readonly (Use & { readonly release: readonly number[] })[],
  values: readonly { readonly shape: Shape; readonly dtype: DType }[],
): number {
  const bytes = (value: number) => sizeOf(values[value].shape) * (values[value].dtype === 'float32' ? 4 : 8);
  let alive = 0;
  let peak = 0;
  for (const { output, release } of steps) {
    alive += bytes(output);
    peak = Math.max(peak, alive);
    for (const value of release) alive -= bytes(value);
  }
  return peak;
}
