// Which register tile does a piece of work. The tiles themselves are written from these sizes by scripts/microkernels.ts.

/** Sizes [kernels, vectors] of tiles that scale rows of pixels by weights and add them up. */
export const SCALE_TILES = [
  [4, 2],
  [3, 3],
  [2, 4],
  [1, 4],
] as const;

/** The tile that computes the last one or two kernels of those that 4-row tiles leave. */
export const REST_TILE = [2, 2] as const;

/** The tile that covers kernels × vectors with the fewest multiplications and loads. */
export function scaleTile(kernels: number, vectors: number): readonly [number, number] {
  const block = (r: number, c: number) => r * c + (r + c) / 2 + 1;
  const cost = ([r, c]: readonly [number, number]) => {
    const rest = kernels % r;
    const last = rest === 0 ? 0 : block(r === 4 && rest < 3 ? 2 : r, c);
    return Math.ceil(vectors / c) * (Math.floor(kernels / r) * block(r, c) + last);
  };
  return SCALE_TILES.reduce((best, tile) => (cost(tile) < cost(best) ? tile : best));
}

/** Sizes [gradients, taps] of tiles of inner products over pixels. */
export const DOT_TILES = [
  [4, 2],
  [2, 4],
  [1, 4],
] as const;

/** The same of taps that are neighbours: what three of them read is one address. */
export const ROW_DOT_TILES = [[3, 3]] as const;

/** A tile of inner products. */
export interface DotTile {
  readonly size: readonly [rows: number, taps: number];
  /** Whether its taps must be neighbours. */
  readonly row: boolean;
}

/** The tile that covers rows × taps with the fewest multiplications and loads; taps come in runs of `run` neighbours. */
export function dotTile(rows: number, taps: number, run: number): DotTile {
  const tiles = [
    ...ROW_DOT_TILES.filter(([, width]) => run % width === 0).map((size) => ({ size, row: true })),
    ...DOT_TILES.map((size) => ({ size, row: false })),
  ];
  const cost = ({ size: [r, t], row }: DotTile) => {
    const addresses = row ? r + 1 : r + t;
    return Math.ceil(rows / r) * Math.ceil(taps / t) * (r * t + (r + t + addresses) / 4);
  };
  return tiles.reduce<DotTile>((best, tile) => (cost(tile) < cost(best) ? tile : best), tiles[tiles.length - 1]);
}
