import { formatGenotype, type Genotype, NAS_BENCH_201_SPACE, WELL_KNOWN_CELLS } from 'ntkit/nn';

/** An operation of NAS-Bench-201. */
export type Operation = (typeof NAS_BENCH_201_SPACE)[number];

/** What operations are called on the page. */
export const OPERATION_NAMES: Readonly<Record<Operation, string>> = {
  none: 'none',
  skip_connect: 'skip',
  nor_conv_1x1: '1×1 conv',
  nor_conv_3x3: '3×3 conv',
  avg_pool_3x3: 'avg pool',
};

/** The edges of a cell in the benchmark's order: from which node to which. */
export const EDGES = [
  [0, 1],
  [0, 2],
  [1, 2],
  [0, 3],
  [1, 3],
  [2, 3],
] as const;

/** A cell with the operation of one edge changed, as text. */
export function withOperation(genotype: Genotype, edge: number, operation: string): string {
  const [from, to] = EDGES[edge];
  return formatGenotype(genotype.map((ops, n) => ops.map((old, f) => (n === to - 1 && f === from ? operation : old))));
}

/** The index of a cell among the 15,625: its operations are the digits in base 5. */
export function cellIndex(genotype: Genotype): number {
  const digitOf = (op: string) => NAS_BENCH_201_SPACE.indexOf(op as Operation);
  return genotype.flat().reduce((sum, op) => 5 * sum + digitOf(op), 0);
}

/** The cell of six digits in base 5, as text. */
export function archOf(digits: string): string {
  const ops = [...digits].map((digit) => NAS_BENCH_201_SPACE[Number(digit)]);
  return formatGenotype([ops.slice(0, 1), ops.slice(1, 3), ops.slice(3, 6)]);
}

/** A random cell. */
export function randomArch(): string {
  return archOf(
    Math.floor(Math.random() * 5 ** 6)
      .toString(5)
      .padStart(6, '0'),
  );
}

/** What the literature calls a cell, or its operations abbreviated. */
export function nameOf(arch: string): string | undefined {
  return Object.entries(WELL_KNOWN_CELLS).find(([, known]) => known === arch)?.[0];
}

/**
 * What a group of parameters is, by its path in the network.
 *
 * @param cells N, the number of cells in a stage
 */
export function layerName(path: string, cells: number): string {
  const [head, number, kind, ...rest] = path.split('.');
  if (head === 'stem') return number === '0' ? 'stem: conv' : 'stem: batch norm';
  if (head === 'lastact') return 'last batch norm';
  if (head === 'classifier') return 'classifier';
  if (head !== 'cells') return path;
  const place = Number(number);
  const stage = Math.floor(place / (cells + 1));
  const within = place % (cells + 1);
  if (within === cells) {
    const part = [kind, ...rest].includes('downsample') ? 'shortcut' : kind === 'conv_a' ? 'first half' : 'second half';
    return `reduction ${stage + 1}, ${part}: ${partOf(path)}`;
  }
  const [from, to] = EDGES[Number(rest[0])] ?? ['?', '?'];
  const cell = cells === 1 ? `stage ${stage + 1}` : `stage ${stage + 1}, cell ${within + 1}`;
  return `${cell}, edge ${from}→${to}: ${partOf(path)}`;
}

/** ReLU, convolution, batch norm: the second and the third have weights. */
function partOf(path: string): string {
  return path.endsWith('.2') ? 'batch norm' : 'conv';
}
