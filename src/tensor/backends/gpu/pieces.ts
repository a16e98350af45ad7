import { sizeOf } from '../../shape.ts';
import { type KernelText, type Lanes, lanes, times } from './kernelText.ts';
import { type Lowering, type Operand, texelsOf } from './lowering.ts';

// Loops of any length. A device may end the loops of a thread after a number of turns, without an error (see MOST_TURNS
// in kernelText.ts), so that a long sum is cut into pieces: one kernel computes the sum of each piece, and another one
// adds them up, again by pieces if they are many. Sums in two levels are also more exact in float32, and their pieces
// keep more threads busy.

/**
 * The most turns that the loops of one thread make: an eighth of what the shortest device allows, so that kernels have
 * room for loops besides.
 */
export const LONGEST = 2 ** 13;

/** A nest of loops in pieces of equal size; the last piece along a loop may be shorter. */
export interface Cut {
  readonly extents: readonly number[];
  /** Turns of each loop in a piece. */
  readonly turns: readonly number[];
  /** Pieces along each loop. */
  readonly grid: readonly number[];
  /** Pieces in all. */
  readonly count: number;
}

/** Turns of all loops of a nest. */
function turnsOf(extents: readonly number[]): number {
  return extents.reduceRight((inner, extent) => extent * (1 + inner), 0);
}

/**
 * Cuts a nest of loops, in row-major order, so that a thread which runs through it `times` times stays within
 * {@link LONGEST} turns. A nest that is cut has about as many pieces as a piece has turns.
 */
export function cutLoops(extents: readonly number[], repeats = 1): Cut {
  const most = Math.floor(LONGEST / repeats);
  const all = turnsOf(extents);
  const limit = all <= most ? most : Math.min(most, Math.max(64, Math.ceil(Math.sqrt(all))));
  const turns = new Array<number>(extents.length).fill(1);
  let inner = 0;
  for (let d = extents.length - 1; d >= 0; d--) {
    const fits = Math.max(1, Math.floor(limit / (1 + inner)));
    const pieces = Math.ceil(extents[d] / fits);
    turns[d] = Math.ceil(extents[d] / pieces);
    // The loops around one that is cut make one turn a piece: pieces follow each other in row-major order.
    if (pieces > 1) break;
    inner = extents[d] * (1 + inner);
  }
  const grid = extents.map((extent, d) => Math.ceil(extent / turns[d]));
  return { extents, turns, grid, count: sizeOf(grid) };
}

/** One piece of a nest of loops, as text. */
export interface Piece {
  /** The indices at which the piece begins. */
  readonly first: readonly string[];
  /** Writes loop `d` of the nest; the body gets its index. */
  loop(d: number, body: (index: string) => void): void;
}

/** The piece of a given number. */
export function pieceOf(k: KernelText, { extents, turns, grid }: Cut, number: string): Piece {
  const first = k.coordinates(number, grid).map((at, d) => k.value(times(at, turns[d])));
  return {
    first,
    loop: (d, body) =>
      k.loop(turns[d], (i) => {
        const index = first[d] === '0' ? i : i === '0' ? first[d] : k.value(`${first[d]} + ${i}`);
        if (grid[d] * turns[d] === extents[d]) body(index);
        else k.when(`${index} < ${extents[d] - 0.5}`, () => body(index));
      }),
  };
}

/** How values are folded into one. */
export interface Fold {
  /** What a total is before anything is folded into it, from one of the values. */
  readonly initial: (value: () => string) => string;
  readonly fold: (total: string, value: string) => string;
}

export const SUM: Fold = { initial: () => '0.0', fold: (total, value) => `${total} + ${value}` };

/**
 * The maximum; NaN wins: where neither is smaller, one is NaN, and so is the sum. (WebGPU's
 * `!=` is false of NaN.) It begins with one of its own values: a kernel has no text for −∞.
 */
export const MAX: Fold = {
  initial: (value) => value(),
  fold: (total, value) => `(${total} >= ${value} ? ${total} : (${value} > ${total} ? ${value} : ${total} + ${value}))`,
};

/** Writes the text of four values of the output that stand at `texel`, folded over a piece. */
export type WritePiece = (k: KernelText, texel: string, piece: Piece) => Lanes;

/**
 * One kernel that folds values over a nest of loops, or several if the loops are long.
 *
 * @param repeats how often a thread runs through the loops: 4 where each lane has loops of its own.
 */
export function foldLoops(
  lower: Lowering,
  output: Operand,
  operands: readonly Operand[],
  extents: readonly number[],
  { fold, repeats }: { readonly fold: Fold; readonly repeats: number },
  write: WritePiece,
): void {
  const cut = cutLoops(extents, repeats);
  if (cut.count === 1) {
    lower.kernel(output, operands, (k) => write(k, k.t, pieceOf(k, cut, '0')));
    return;
  }
  const texels = texelsOf(sizeOf(output.shape));
  const parts = lower.scratchKernel([cut.count, 4 * texels], operands, (k) => {
    const [number, texel] = k.coordinates(k.t, [cut.count, texels]);
    return write(k, texel, pieceOf(k, cut, number));
  });
  joinPieces(lower, output, parts, cut.count, fold);
}

/**
 * Folds arrays that lie one after another into one.
 *
 * @param parts `count` arrays of the output's size, each rounded up to whole texels.
 */
export function joinPieces(lower: Lowering, output: Operand, parts: Operand, count: number, fold: Fold): void {
  const texels = texelsOf(sizeOf(output.shape));
  foldLoops(lower, output, [parts], [count], { fold, repeats: 1 }, (k, texel, piece) => {
    const read = (i: string) => k.texel(0, k.value(`${times(i, texels)} + ${texel}`));
    let first: Lanes | undefined;
    const totals = lanes((lane) => k.variable(fold.initial(() => (first ??= read(piece.first[0]))[lane])));
    piece.loop(0, (i) => {
      const values = read(i);
      totals.forEach((total, lane) => k.line(`${total} = ${fold.fold(total, values[lane])};`));
    });
    return totals;
  });
}
