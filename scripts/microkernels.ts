import { offsetOf, byteSize } from '../src/tensor/backends/wasm/struct.ts';
import { Position, Vector } from '../src/tensor/backends/wasm/tables.ts';
import { DOT_TILES, REST_TILE, ROW_DOT_TILES, SCALE_TILES } from '../src/tensor/backends/wasm/kernels/tiles.ts';

/**
 * Writes the register tiles of the WebAssembly backend in AssemblyScript. A tile keeps rows × columns vector
 * accumulators in registers, which takes straight-line code: one function for each size, all from the two templates
 * below.
 *
 * The sizes are what fits the 15 vector registers that V8 gives out on x64. It moves all loads of a loop to its
 * beginning, so that accumulators, vectors, broadcast weights and a product must fit together: 8 + 2 + 4 + 1 for 4 × 2.
 * A tile of 6 × 2, which would do with fewer loads, spills four accumulators and is a third slower.
 */

const ALL_SCALE_TILES = [...SCALE_TILES, REST_TILE];

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const lines = (count: number, line: (i: number) => string) => range(count).map(line).join('\n');
const grid = (rows: number, columns: number, line: (k: number, v: number) => string) =>
  lines(rows, (k) => lines(columns, (v) => line(k, v)));

/**
 * Three float32 weights are one load, and three shuffles that V8 leaves where they are needed: 9 + 3 + 1 + 2 registers.
 */
const broadcast = (rows: number, k: number) => {
  const single = `v128.load_splat<Real>(w, ${k} * SIZE)`;
  if (rows !== 3) return single;
  const bytes = range(16).map((byte) => 4 * k + (byte % 4));
  return `LANES == 4 ? i8x16.shuffle(all, all, ${bytes.join(', ')}) : ${k === 2 ? 'all' : single}`;
};

/** The distance of a field of the v-th vector from the first. */
const inVector = (v: number, field: 'from' | 'to' | 'count') => byteSize(Vector) * v + offsetOf(Vector, field);

const scaleTile = (rows: number, columns: number) => `
// out[k][v] (+)= Σ_t w[t][k] · x[taps[t] + v], for ${rows} kernels k and ${columns} vectors v of pixels.
export function scale${rows}x${columns}(
  x: usize, taps: usize, tapCount: i32, w: usize, vectors: usize, out: usize, plane: usize, valid: i32, mask: usize, add: bool,
): void {
${grid(rows, columns, (k, v) => `  let s${k}_${v} = v128.splat<Real>(0);`)}
${lines(columns, (v) => `  const x${v} = x + load<u32>(vectors, ${inVector(v, 'from')});`)}
  const end = taps + (<usize>tapCount << 2);
  while (taps < end) {
    const tap = load<i32>(taps);
${lines(columns, (v) => `    const a${v} = v128.load(x${v} + tap);`)}
${rows === 3 ? '    const all = LANES == 4 ? v128.load(w) : v128.load_splat<Real>(w, 2 * SIZE);' : ''}
${lines(rows, (k) => `    const w${k} = ${broadcast(rows, k)};\n${lines(columns, (v) => `    s${k}_${v} = v128.add<Real>(s${k}_${v}, v128.mul<Real>(a${v}, w${k}));`)}`)}
    w += ${rows} * SIZE;
    taps += 4;
  }
${lines(columns, (v) => `  const o${v} = load<u32>(vectors, ${inVector(v, 'to')});\n  const c${v} = load<i32>(vectors, ${inVector(v, 'count')});`)}
${lines(rows, (k) => `${k > 0 ? `  if (valid > ${k}) {\n    out += plane;\n    if (mask) mask += plane;` : '  {'}\n${lines(columns, (v) => `    put(out + o${v}, mask ? mask + o${v} : 0, s${k}_${v}, c${v}, add);`)}\n  }`)}
}
`;

/**
 * One loop over the pixels of all samples, not one in the other: of sums that cross two loops, V8 keeps fewer in registers.
 * Taps of a row of windows are neighbours in memory, \`row\` tiles: one address for all.
 */
const dotTile = (rows: number, columns: number, row: boolean) => `
// sums[k][t] += Σ over pixels of g[k] · x[tap t], for ${rows} gradients k and ${columns} ${row ? 'neighbouring ' : ''}taps t.
export function dot${row ? 'Row' : ''}${rows}x${columns}(
  x: usize, taps: usize, gradients: usize, at: usize, count: i32, sums: usize, row: usize, room: usize,
): void {
${grid(rows, columns, (k, t) => `  let s${k}_${t} = v128.splat<Real>(0);`)}
${row ? '  const x0 = x + load<u32>(taps);' : lines(columns, (t) => `  const x${t} = x + load<u32>(taps, ${4 * t});`)}
${lines(rows, (k) => `  const g${k} = <usize>load<u32>(gradients, ${4 * k});`)}
  const end = at + count * POSITION_BYTES;
  for (; at < end; at += POSITION_BYTES) {
    const from = <usize>load<u32>(at, ${offsetOf(Position, 'x')});
    const offset = <usize>load<u32>(at, ${offsetOf(Position, 'g')});
${lines(columns, (t) => `    const a${t} = ${row ? `v128.load(x0 + from, ${t} * SIZE)` : `v128.load(x${t} + from)`};`)}
${lines(rows, (k) => `    const b${k} = v128.load(g${k} + offset);`)}
${grid(rows, columns, (k, t) => `    s${k}_${t} = v128.add<Real>(s${k}_${t}, v128.mul<Real>(a${t}, b${k}));`)}
  }
${grid(rows, columns, (k, t) => `  v128.store(room, s${k}_${t}, ${16 * (k * columns + t)});`)}
  addTile(sums, row, ${rows}, ${columns}, room);
}
`;

/** Sizes [scalars, vectors] of tiles of outer products. */
const OUTER_TILES = [
  [4, 2],
  [2, 2],
  [4, 1],
] as const;

const outerTile = (rows: number, columns: number) => `
// out[k][v] (+)= Σ s[k] · x[v], for ${rows} scalars k and ${columns} vectors v; a step leads to the next term.
@inline
export function outer${rows}x${columns}(
  s: usize, stepS: usize, x: usize, stepX: usize, terms: i32, out: usize, row: usize, onto: bool,
): void {
${grid(rows, columns, (k, v) => `  let s${k}_${v} = onto ? v128.load(out + ${k} * row, ${16 * v}) : v128.splat<Real>(0);`)}
  const end = s + <usize>terms * stepS;
  while (s < end) {
${lines(columns, (v) => `    const a${v} = v128.load(x, ${16 * v});`)}
${lines(rows, (k) => `    const w${k} = v128.load_splat<Real>(s, ${k} * SIZE);\n${lines(columns, (v) => `    s${k}_${v} = v128.add<Real>(s${k}_${v}, v128.mul<Real>(a${v}, w${k}));`)}`)}
    s += stepS;
    x += stepX;
  }
${grid(rows, columns, (k, v) => `  v128.store(out + ${k} * row, s${k}_${v}, ${16 * v});`)}
}
`;

const choose = (name: string, sizes: readonly (readonly [number, number])[], parameters: string, names: string) => `
@inline
export function ${name}(rows: i32, columns: i32, ${parameters}): void {
${sizes.map(([r, c]) => `  if (rows == ${r} && columns == ${c}) return ${name}${r}x${c}(${names});`).join('\n')}
  unreachable();
}
`;

/** The AssemblyScript source of every tile. */
export function microkernels(): string {
  return [
    "import { LANES, Real, SIZE } from '../precision';\n",
    "import { addTile, put } from '../store';\n",
    "import { POSITION_BYTES } from './tables';\n",
    ...ALL_SCALE_TILES.map(([rows, columns]) => scaleTile(rows, columns)),
    choose(
      'scale',
      ALL_SCALE_TILES,
      'x: usize, taps: usize, tapCount: i32, w: usize, vectors: usize, out: usize, plane: usize, valid: i32, mask: usize, add: bool',
      'x, taps, tapCount, w, vectors, out, plane, valid, mask, add',
    ),
    ...OUTER_TILES.map(([rows, columns]) => outerTile(rows, columns)),
    ...DOT_TILES.map(([rows, columns]) => dotTile(rows, columns, false)),
    ...ROW_DOT_TILES.map(([rows, columns]) => dotTile(rows, columns, true)),
    ...(
      [
        ['dot', DOT_TILES],
        ['dotRow', ROW_DOT_TILES],
      ] as const
    ).map(([name, sizes]) =>
      choose(
        name,
        sizes,
        'x: usize, taps: usize, gradients: usize, at: usize, count: i32, sums: usize, row: usize, room: usize',
        'x, taps, gradients, at, count, sums, row, room',
      ),
    ),
  ].join('');
}
