import { formatValue, oneOf } from '../check.ts';
import { InputError } from '../errors.ts';
import {
  DARTS_SPACE,
  DartsNetwork,
  formatGenotype,
  type Module,
  NAS_BENCH_201_SPACE,
  type Parameter,
  PRUNED_ALPHA,
  sortedEdges,
  superNetwork,
} from '../nn/index.ts';

/** Names of the search spaces. */
export type SpaceName = 'nas-bench-201' | 'darts';

/** Which operations a supernet still has: `mask[cell kind][edge][operation]`. */
export type Mask = readonly (readonly (readonly boolean[])[])[];

/** One operation of a supernet. */
export interface Choice {
  /** Kind of cell; a number into {@link SearchSpace.cells}. */
  readonly cell: number;
  readonly edge: number;
  readonly op: number;
}

/** What a supernet is needed for: κ, on whole images, or linear regions, on 3×3 crops of one channel. */
export type Purpose = (typeof PURPOSES)[number];

/** All values of {@link Purpose}. */
export const PURPOSES = ['kappa', 'regions'] as const;

/** A search space and its supernets, sized as TE-NAS sizes them. */
export interface SearchSpace {
  readonly name: SpaceName;
  /** Names of the operations. */
  readonly operations: readonly string[];
  /** Kinds of cells. */
  readonly cells: readonly string[];
  /** Names of the edges, `target<-source`, in the order of the alphas. */
  readonly edges: readonly string[];
  /** The edges into each node of which only {@link incoming} may stay; none where every edge stays. */
  readonly groups: readonly (readonly number[])[];
  /** How many edges into a node stay. */
  readonly incoming: number;
  /** The supernet of a mask: alphas are 0, and −1000 for what is gone. */
  supernet(mask: Mask, purpose: Purpose, classes: number): Module;
  /** The string that the field uses for the architecture of a mask with one operation an edge. */
  genotype(mask: Mask): string;
}

const nasBench201: SearchSpace = {
  name: 'nas-bench-201',
  operations: NAS_BENCH_201_SPACE,
  cells: ['cell'],
  edges: ['1<-0', '2<-0', '2<-1', '3<-0', '3<-1', '3<-2'],
  groups: [],
  incoming: 0,
  supernet(mask, purpose, classes) {
    oneOf('supernet: purpose', purpose, PURPOSES);
    const size =
      purpose === 'kappa'
        ? { channels: 3, cells: 1, classes, depth: -1, useStem: true }
        : { channels: 1, cells: 1, classes, depth: 1, useStem: false };
    const network = superNetwork(NAS_BENCH_201_SPACE, 4, size);
    setAlphas(network.alphas!, mask[0]);
    return network;
  },
  genotype([mask]) {
    const chosen = mask.map((edge) => NAS_BENCH_201_SPACE[edge.indexOf(true)]);
    return formatGenotype([chosen.slice(0, 1), chosen.slice(1, 3), chosen.slice(3, 6)]);
  },
};

const DARTS_STEPS = 4;

const dartsEdges = sortedEdges(
  Array.from({ length: DARTS_STEPS }, (_, i) => Array.from({ length: 2 + i }, (_, j) => `${i}<-${j}`)).flat(),
);

const darts: SearchSpace = {
  name: 'darts',
  operations: DARTS_SPACE,
  cells: ['normal', 'reduce'],
  edges: dartsEdges,
  groups: nodesOf(dartsEdges),
  incoming: 2,
  supernet(mask, purpose, classes) {
    oneOf('supernet: purpose', purpose, PURPOSES);
    const network = new DartsNetwork({
      channels: 1,
      cells: 1,
      classes,
      depth: 2,
      useStem: purpose === 'kappa',
      stemMultiplier: 1,
      steps: DARTS_STEPS,
      multiplier: DARTS_STEPS,
      space: DARTS_SPACE,
    });
    setAlphas(network.normalAlphas, mask[0]);
    setAlphas(network.reduceAlphas, mask[1]);
    return network;
  },
  genotype([normal, reduce]) {
    const concat = `[${Array.from({ length: DARTS_STEPS }, (_, i) => i + 2).join(', ')}]`;
    const list = (mask: readonly (readonly boolean[])[]) =>
      `[${mask
        .flatMap((edge, e) =>
          edge.includes(true) ? [`('${DARTS_SPACE[edge.indexOf(true)]}', ${dartsEdges[e].split('<-')[1]})`] : [],
        )
        .join(', ')}]`;
    return `Genotype(normal=${list(normal)}, normal_concat=${concat}, reduce=${list(reduce)}, reduce_concat=${concat})`;
  },
};

/** The search spaces by name. */
export const SEARCH_SPACES: Readonly<Record<SpaceName, SearchSpace>> = { 'nas-bench-201': nasBench201, darts };

/**
 * Every operation of a space but `none`, with which TE-NAS starts.
 *
 * @example
 * const [cell] = fullMask(SEARCH_SPACES['nas-bench-201']);
 * console.log(cell.length, cell[0]); // 6 [ false, true, true, true, true ]
 */
export function fullMask({ cells, edges, operations }: SearchSpace): Mask {
  return cells.map(() => edges.map(() => operations.map((name) => name !== 'none')));
}

/**
 * The mask without some operations.
 *
 * @example
 * const mask = without(fullMask(SEARCH_SPACES['nas-bench-201']), [{ cell: 0, edge: 0, op: 2 }]);
 * console.log(mask[0][0]); // [ false, true, false, true, true ]
 */
export function without(mask: Mask, choices: readonly Choice[]): Mask {
  const gone = new Set(choices.map(({ cell, edge, op }) => `${cell} ${edge} ${op}`));
  return mask.map((edges, c) => edges.map((ops, e) => ops.map((on, o) => on && !gone.has(`${c} ${e} ${o}`))));
}

/** A mask as text: a digit an operation, edges parted by blanks, kinds of cells by commas. */
export function formatMask(mask: Mask): string {
  return mask.map((edges) => edges.map((ops) => ops.map(Number).join('')).join(' ')).join(', ');
}

/**
 * The inverse of {@link formatMask}.
 *
 * @param where names the text in messages.
 * @throws InputError when it is no mask of the space.
 */
export function parseMask({ cells, edges, operations, name }: SearchSpace, text: string, where: string): Mask {
  const kinds = text.split(', ').map((kind) => kind.split(' '));
  const isEdge = (edge: string) => edge.length === operations.length && /^[01]*$/.test(edge);
  if (kinds.length !== cells.length || !kinds.every((all) => all.length === edges.length && all.every(isEdge))) {
    throw new InputError(
      `${where}: expected ${cells.length}×${edges.length} edges of ${operations.length} digits, as ${name} has, ` +
        `got ${formatValue(text)}`,
    );
  }
  return kinds.map((all) => all.map((edge) => [...edge].map((digit) => digit === '1')));
}

/** How many operations an edge still has. */
export function countOn(edge: readonly boolean[]): number {
  return edge.filter(Boolean).length;
}

/**
 * How many operations a mask still has.
 *
 * @example
 * const { 'nas-bench-201': cell, darts } = SEARCH_SPACES;
 * console.log(countOperations(fullMask(cell)), countOperations(fullMask(darts))); // 24 196
 */
export function countOperations(mask: Mask): number {
  return mask.flat().reduce((sum, edge) => sum + countOn(edge), 0);
}

/** Edges by the node they lead into, in order. */
function nodesOf(edges: readonly string[]): number[][] {
  const targets = [...new Set(edges.map((edge) => edge.split('<-')[0]))];
  return targets.map((target) => [...edges.keys()].filter((e) => edges[e].split('<-')[0] === target));
}

function setAlphas(alphas: Parameter, mask: readonly (readonly boolean[])[]): void {
  const data = Float64Array.from(mask.flat(), (on) => (on ? 0 : PRUNED_ALPHA));
  alphas.value = { shape: alphas.shape, dtype: 'float64', data };
}
