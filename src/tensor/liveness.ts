/** What one operation of a program reads and writes, by the numbers of arrays. */
export interface Use {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

/** A part of a program that may run again on its own, after the stages before it have run once. */
export interface Stage {
  /** Arrays that are given when the stage begins and that it owns: they die like those it computes. */
  readonly inputs?: readonly number[];
  readonly operations: readonly Use[];
}

/**
 * For each operation of each stage the arrays that nothing reads after it: their memory is free once it is done.
 *
 * An array belongs to the stage that is given it or computes it. It does not die in a later stage, because that stage may
 * run again and read it again. Arrays that belong to no stage (constants) and those of `kept` never die.
 *
 * Every backend asks this of the operations that it runs, which are not the steps of a plan once steps are fused.
 */
export function releases(stages: readonly Stage[], kept: Iterable<number>): number[][][] {
  const stageOf = new Map<number, number>();
  const last = new Map<number, { readonly stage: number; readonly operation: number }>();
  stages.forEach(({ inputs = [], operations }, stage) => {
    for (const array of inputs) stageOf.set(array, stage);
    operations.forEach(({ reads, writes }, operation) => {
      for (const array of writes) if (!stageOf.has(array)) stageOf.set(array, stage);
      for (const array of [...reads, ...writes]) last.set(array, { stage, operation });
    });
  });
  const keeps = new Set(kept);
  const result = stages.map(({ operations }) => operations.map((): number[] => []));
  for (const [array, { stage, operation }] of last) {
    if (stageOf.get(array) === stage && !keeps.has(array)) result[stage][operation].push(array);
  }
  return result;
}

/**
 * The most bytes that arrays occupy at one time, when each lives from the operation that writes it until it dies.
 *
 * @param released as {@link releases} tells it, of all stages one after another.
 */
export function peakBytes(
  operations: readonly Use[],
  released: readonly (readonly number[])[],
  bytesOf: (array: number) => number,
): number {
  const written = new Set<number>();
  let alive = 0;
  let peak = 0;
  operations.forEach(({ writes }, i) => {
    for (const array of writes) {
      if (written.has(array)) continue;
      written.add(array);
      alive += bytesOf(array);
    }
    peak = Math.max(peak, alive);
    for (const array of released[i]) if (written.has(array)) alive -= bytesOf(array);
  });
  return peak;
}
