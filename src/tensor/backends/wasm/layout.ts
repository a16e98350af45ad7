import { align } from './lowering.ts';

/**
 * Places arrays in one stretch of memory, so that arrays alive at the same time do not overlap and freed places are used
 * again: each goes to the smallest gap that holds it.
 */
export class Layout {
  /** The bytes that the stretch must have. */
  size = 0;
  readonly #gaps: { from: number; to: number }[] = []; // ascending, never touching

  take(bytes: number): number {
    const wanted = align(bytes);
    let best = -1;
    this.#gaps.forEach(({ from, to }, i) => {
      const fits = to - from >= wanted;
      if (fits && (best < 0 || to - from < this.#gaps[best].to - this.#gaps[best].from)) best = i;
    });
    if (best < 0) {
      // The last gap grows if it is at the end.
      const last = this.#gaps.at(-1);
      const from = last?.to === this.size ? last.from : this.size;
      if (from !== this.size) this.#gaps.pop();
      this.size = from + wanted;
      return from;
    }
    const gap = this.#gaps[best];
    const { from } = gap;
    gap.from += wanted;
    if (gap.from === gap.to) this.#gaps.splice(best, 1);
    return from;
  }

  give(from: number, bytes: number): void {
    let to = from + align(bytes);
    let i = this.#gaps.findIndex((gap) => gap.from > from);
    if (i < 0) i = this.#gaps.length;
    if (i < this.#gaps.length && this.#gaps[i].from === to) to = this.#gaps.splice(i, 1)[0].to;
    if (i > 0 && this.#gaps[i - 1].to === from) this.#gaps[i - 1].to = to;
    else this.#gaps.splice(i, 0, { from, to });
  }

  /** Lets the stretch end where its last array does. */
  trim(): void {
    const last = this.#gaps.at(-1);
    if (last?.to !== this.size) return;
    this.size = last.from;
    this.#gaps.pop();
  }
}
