import { add, InputError, type Tensor } from '../tensor/index.ts';
import type { NetworkFamily } from './family.ts';
import type { Fields } from './fields.ts';
import { type Genotype, parseGenotype } from './genotype.ts';
import { BatchNorm2d, Conv2d, GlobalAvgPool2d, Linear, ReLU } from './layers/index.ts';
import { alphasOf, mixtureTerms, sortedEdges, sumOfTerms } from './mixture.ts';
import { Module, Sequential } from './module.ts';
import { operation, residualReduction } from './operations.ts';
import { Parameter } from './parameter.ts';
import type { Trace } from './trace.ts';

/** A cell whose every edge holds one operation. */
class Cell extends Module {
  readonly #edges: readonly (readonly Module[])[];

  constructor(genotype: Genotype, channels: number) {
    super();
    let layer = 0;
    this.#edges = genotype.map((node) =>
      node.map((name) => this.child(`layers.${layer++}`, operation(name, channels, channels, 1))),
    );
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const nodes = [x];
    for (const edges of this.#edges) nodes.push(add(...edges.map((op, j) => op.apply(nodes[j], trace))));
    return nodes[nodes.length - 1];
  }
}

/** A cell whose every edge mixes all operations of the search space. */
class SuperCell extends Module {
  readonly #nodes: number;
  readonly #edges = new Map<string, readonly Module[]>();
  readonly #alphas: Parameter;

  constructor(space: readonly string[], nodes: number, channels: number, alphas: Parameter) {
    super();
    this.#nodes = nodes;
    this.#alphas = alphas;
    for (let i = 1; i < nodes; i++) {
      for (let j = 0; j < i; j++) {
        const edge = `${i}<-${j}`;
        const operations = space.map((name, k) =>
          this.child(`edges.${edge}.${k}`, operation(name, channels, channels, 1)),
        );
        this.#edges.set(edge, operations);
      }
    }
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const rows = sortedEdges(this.#edges.keys());
    const states = [x];
    for (let i = 1; i < this.#nodes; i++) {
      const terms = states.flatMap((state, j) => {
        const edge = `${i}<-${j}`;
        return mixtureTerms(this.#edges.get(edge)!, alphasOf(this.#alphas, rows.indexOf(edge)), state, trace);
      });
      const sum = sumOfTerms(terms);
      // Of a hundred operations or more all may weigh too little. TE-NAS's sum of nothing is a number that no layer takes.
      if (sum === undefined) {
        throw new InputError(
          `supernet cell: node ${i}: no operation into it weighs more than 0.01, expected at least one`,
        );
      }
      states.push(sum);
    }
    return states[states.length - 1];
  }
}

/** The size of a NAS-Bench-201 network. */
export interface NasBench201Size {
  /** Channels C of the first stage; the later ones have 2C and 4C. */
  readonly channels: number;
  /** Cells N in each of the three stages. */
  readonly cells: number;
  /** Number of outputs. */
  readonly classes: number;
  /** How many cells and reductions are built at most; all when 0 or less. */
  readonly depth: number;
  /** Whether the input passes the stem (a 3×3 convolution and batch norm), which exists either way. */
  readonly useStem: boolean;
}

/**
 * The NAS-Bench-201 macro skeleton (Dong & Yang 2020, figure 1): stem, three stages of N cells with a residual reduction
 * between them, batch norm and ReLU, global average pooling, classifier. [N, 3, H, W] to [N, classes].
 *
 * @example
 * const size = { channels: 4, cells: 1, classes: 10, depth: -1, useStem: true };
 * const own = new NasBench201Network(size, 3, (channels) => new BatchNorm2d(channels)); // any module as a cell
 * initialize(own, pytorchDefault, new Generator(0));
 * console.log((await forward(own, new Generator(0).normals([2, 3, 8, 8]))).shape); // [ 2, 10 ]
 */
export class NasBench201Network extends Module {
  /** The architecture parameters of a supernet, [edges, operations]. */
  readonly alphas: Parameter | undefined;
  readonly #forward: Sequential;

  constructor(
    { channels, cells, classes, depth, useStem }: NasBench201Size,
    stemInput: number,
    cell: (channels: number) => Module,
    alphas?: Parameter,
  ) {
    super();
    this.alphas = alphas && this.parameter('arch_parameters', alphas);
    const stem = this.child(
      'stem',
      new Sequential(new Conv2d(stemInput, channels, 3, { padding: 1, bias: false }), new BatchNorm2d(channels)),
    );
    const stage = (width: number) => Array.from({ length: cells }, () => () => cell(width));
    const body = [
      ...stage(channels),
      () => residualReduction(channels, 2 * channels),
      ...stage(2 * channels),
      () => residualReduction(2 * channels, 4 * channels),
      ...stage(4 * channels),
    ].slice(0, depth > 0 ? depth : undefined);
    const built = body.map((make, i) => this.child(`cells.${i}`, make()));
    const width = channels * 2 ** [cells, 2 * cells + 1].filter((reduction) => reduction < body.length).length;
    const lastact = this.child('lastact', new Sequential(new BatchNorm2d(width), new ReLU()));
    const classifier = this.child('classifier', new Linear(width, classes));
    this.#forward = new Sequential(...(useStem ? [stem] : []), ...built, lastact, new GlobalAvgPool2d(), classifier);
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return this.#forward.apply(x, trace);
  }
}

/**
 * A network of the given cell.
 *
 * @example
 * const cell = parseGenotype('|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|');
 * const small = cellNetwork(cell, { channels: 4, cells: 1, classes: 10, depth: -1, useStem: true });
 * initialize(small, pytorchDefault, generator);
 * console.log((await forward(small, generator.normals([2, 3, 8, 8]))).shape); // [ 2, 10 ]
 */
export function cellNetwork(genotype: Genotype, size: NasBench201Size): NasBench201Network {
  return new NasBench201Network(size, 3, (channels) => new Cell(genotype, channels));
}

/**
 * A supernet: every edge of a cell of `nodes` nodes mixes all operations of `space` by the softmax of its alphas, which
 * all cells share and which start at 0.
 *
 * @example
 * const size = { channels: 4, cells: 1, classes: 10, depth: -1, useStem: true };
 * const supernet = superNetwork(NAS_BENCH_201_SPACE, 4, size);
 * console.log(supernet.alphas!.shape); // [ 6, 5 ]
 */
export function superNetwork(space: readonly string[], nodes: number, size: NasBench201Size): NasBench201Network {
  const alphas = new Parameter([(nodes * (nodes - 1)) / 2, space.length], { fixed: 0 });
  const cell = (channels: number) => new SuperCell(space, nodes, channels, alphas);
  return new NasBench201Network(size, Math.min(3, size.channels), cell, alphas);
}

/**
 * The size that a TE-NAS model configuration gives.
 *
 * @throws InputError when a field is missing or not understood.
 */
export function networkSize(fields: Fields): NasBench201Size {
  const size = {
    channels: fields.integer('C', 1),
    cells: fields.integer('N', 0),
    classes: fields.integer('num_classes', 1),
    depth: fields.integer('depth', -1, -1),
    useStem: fields.boolean('use_stem', true),
  };
  for (const name of ['affine', 'track_running_stats']) {
    if (!fields.boolean(name, true)) throw fields.bad(name, 'true', false);
  }
  return size;
}

/** TE-NAS's `infer.tiny`: the network of the cell that `arch_str` describes. */
export const cellFamily: NetworkFamily = {
  name: 'infer.tiny',
  build: (fields) => {
    const size = networkSize(fields);
    // TE-NAS's constructor takes neither, and builds every cell after a stem.
    if (!size.useStem) throw fields.bad('use_stem', 'true: a network of infer.tiny always has its stem', false);
    if (size.depth > 0) throw fields.bad('depth', '-1: a network of infer.tiny always has all its cells', size.depth);
    const cell = cellText(fields);
    fields.boundOperations(6 * builtCells(size));
    return cellNetwork(parseGenotype(cell), size);
  },
};

/** TE-NAS's `DARTS-V1` without a super type: the supernet of NAS-Bench-201's space. */
export const superFamily: NetworkFamily = {
  name: 'DARTS-V1',
  build: (fields) => {
    const size = networkSize(fields);
    const [space, nodes] = [fields.operations('space'), fields.integer('max_nodes', 2)];
    fields.boundOperations(((nodes * (nodes - 1)) / 2) * space.length * builtCells(size));
    return superNetwork(space, nodes, size);
  },
};

/** The cell, in `arch_str`; TE-NAS's configurations may carry it as `genotype`, too, which must then be the same. */
function cellText(fields: Fields): string {
  if (!fields.has('genotype')) return fields.text('arch_str');
  const cell = fields.text('genotype');
  if (fields.has('arch_str') && fields.text('arch_str') !== cell) {
    throw fields.bad('genotype', `the cell of arch_str, ${fields.text('arch_str')}`, cell);
  }
  return cell;
}

/** Cells and reductions that are built. */
function builtCells({ cells, depth }: NasBench201Size): number {
  const all = 3 * cells + 2;
  return depth > 0 ? Math.min(depth, all) : all;
}
