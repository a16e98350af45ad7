import { concatenate, InputError, type Tensor } from '../tensor/index.ts';
import type { NetworkFamily } from './family.ts';
import { BatchNorm2d, Conv2d, GlobalAvgPool2d, Linear, ReLU } from './layers/index.ts';
import { alphasOf, mixtureTerms, PRUNED_ALPHA, sortedEdges, sumOfTerms } from './mixture.ts';
import { Module, Sequential } from './module.ts';
import { networkSize } from './nasBench201.ts';
import { factorizedReduce, operation, reluConvBn } from './operations.ts';
import { Parameter } from './parameter.ts';
import type { Trace } from './trace.ts';

/** Channels of a DARTS cell's two inputs and of its nodes. */
interface CellChannels {
  readonly before: number;
  readonly previous: number;
  readonly own: number;
}

/** A DARTS cell (Liu et al. 2019): two inputs, `steps` nodes that sum mixtures of all earlier ones. */
class DartsCell extends Module {
  readonly reduction: boolean;
  readonly #steps: number;
  readonly #multiplier: number;
  readonly #alphas: Parameter;
  readonly #preprocess: readonly [Module, Module];
  readonly #edges = new Map<string, readonly Module[]>();

  constructor(
    size: DartsSize,
    channels: CellChannels,
    kind: { readonly reduction: boolean; readonly afterReduction: boolean },
    alphas: Parameter,
  ) {
    super();
    this.reduction = kind.reduction;
    this.#steps = size.steps;
    this.#multiplier = size.multiplier;
    this.#alphas = alphas;
    this.#preprocess = [
      this.child(
        'preprocess0',
        kind.afterReduction
          ? factorizedReduce(channels.before, channels.own)
          : reluConvBn(channels.before, channels.own, 1),
      ),
      this.child('preprocess1', reluConvBn(channels.previous, channels.own, 1)),
    ];
    for (let i = 0; i < size.steps; i++) {
      for (let j = 0; j < 2 + i; j++) {
        const stride = kind.reduction && j < 2 ? 2 : 1;
        const edge = `${i}<-${j}`;
        const operations = size.space.map((name, k) =>
          this.child(`edges.${edge}._ops.${k}`, operation(name, channels.own, channels.own, stride)),
        );
        this.#edges.set(edge, operations);
      }
    }
  }

  /** The cell on its two inputs. */
  applyTo(before: Tensor, previous: Tensor, trace: Trace): Tensor {
    const rows = sortedEdges(this.#edges.keys());
    const inputs = [this.#preprocess[0].apply(before, trace), this.#preprocess[1].apply(previous, trace)];
    const states: (Tensor | undefined)[] = inputs;
    for (let i = 0; i < this.#steps; i++) {
      const terms = states.flatMap((state, j) => {
        const edge = `${i}<-${j}`;
        const alphas = alphasOf(this.#alphas, rows.indexOf(edge));
        if (alphas.every((alpha) => alpha <= PRUNED_ALPHA)) return [];
        return mixtureTerms(this.#edges.get(edge)!, alphas, state ?? this.#nothing(j - 2, `the edge ${edge}`), trace);
      });
      states.push(sumOfTerms(terms));
    }
    const outputs = states.map((state, j) => [j - 2, state] as const).slice(-this.#multiplier);
    return concatenate(
      outputs.map(([node, state]) => state ?? this.#nothing(node, "the cell's output")),
      -3,
    );
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return this.applyTo(x, x, trace);
  }

  /** A node that nothing leads into. TE-NAS's code fails, too, where such a node is used, and only there. */
  #nothing(node: number, reader: string): never {
    throw new InputError(
      `DARTS ${this.reduction ? 'reduction' : 'normal'} cell: node ${node}: every edge into it is pruned, ` +
        `expected at least one with an alpha above ${PRUNED_ALPHA}, as ${reader} reads it`,
    );
  }
}

/** The size of a DARTS supernet. */
export interface DartsSize {
  /** Channels C of the first cells; each reduction doubles them. */
  readonly channels: number;
  /** Cells N of the first stage, and between reductions with them. */
  readonly cells: number;
  readonly classes: number;
  /** How many cells are built at most; all when 0 or less. */
  readonly depth: number;
  /** Whether the input passes the stem, which exists either way. */
  readonly useStem: boolean;
  /** The stem has this many times C channels. */
  readonly stemMultiplier: number;
  /** Nodes of a cell beside its two inputs. */
  readonly steps: number;
  /** How many of the last nodes are concatenated to the cell's output. */
  readonly multiplier: number;
  /** Names of the operations that every edge mixes. */
  readonly space: readonly string[];
}

/**
 * The DARTS supernet as TE-NAS shapes it: stem, normal and reduction cells, batch norm and ReLU, global average pooling,
 * classifier. [N, 3, H, W] to [N, classes]. Normal and reduction cells have alphas of their own, [edges, operations].
 *
 * @example
 * const cell = { steps: 4, multiplier: 4, stemMultiplier: 1, space: DARTS_SPACE };
 * const supernet = new DartsNetwork({ channels: 1, cells: 1, classes: 10, depth: 2, useStem: true, ...cell });
 * console.log(supernet.normalAlphas.shape, supernet.reduceAlphas.shape); // [ 14, 8 ] [ 14, 8 ]
 */
export class DartsNetwork extends Module {
  readonly normalAlphas: Parameter;
  readonly reduceAlphas: Parameter;
  readonly #stem: Sequential | undefined;
  readonly #cells: readonly DartsCell[];
  readonly #head: Sequential;

  constructor(size: DartsSize) {
    super();
    const { channels: c, cells: n, depth, useStem } = size;
    const edges = edgeCount(size.steps);
    this.normalAlphas = this.parameter(
      'arch_normal_parameters',
      new Parameter([edges, size.space.length], { fixed: 0 }),
    );
    this.reduceAlphas = this.parameter(
      'arch_reduce_parameters',
      new Parameter([edges, size.space.length], { fixed: 0 }),
    );

    const stemWidth = c * size.stemMultiplier;
    const stemInput = useStem ? 3 : Math.min(3, c);
    const stem = this.child(
      'stem',
      new Sequential(new Conv2d(stemInput, stemWidth, 3, { padding: 1, bias: false }), new BatchNorm2d(stemWidth)),
    );
    this.#stem = useStem ? stem : undefined;

    const stage = (width: number, first: boolean) =>
      Array.from({ length: first ? Math.max(1, n) : n }, (_, i) => ({ width, reduction: first && i === 0 }));
    const layout = [...stage(c, false), ...stage(2 * c, true), ...stage(4 * c, true)];
    let [before, previous, afterReduction] = [stemWidth, stemWidth, false];
    this.#cells = layout.slice(0, depth > 0 ? depth : undefined).map(({ width, reduction }, i) => {
      const alphas = reduction ? this.reduceAlphas : this.normalAlphas;
      const channels = { before, previous, own: width };
      const cell = this.child(`cells.${i}`, new DartsCell(size, channels, { reduction, afterReduction }, alphas));
      [before, previous, afterReduction] = [previous, size.multiplier * width, reduction];
      return cell;
    });
    const lastact = this.child('lastact', new Sequential(new BatchNorm2d(previous), new ReLU()));
    const classifier = this.child('classifier', new Linear(previous, size.classes));
    this.#head = new Sequential(lastact, new GlobalAvgPool2d(), classifier);
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const first = this.#stem ? this.#stem.apply(x, trace) : x;
    let [before, previous] = [first, first];
    for (const cell of this.#cells) [before, previous] = [previous, cell.applyTo(before, previous, trace)];
    return this.#head.apply(previous, trace);
  }
}

/** Edges of a cell: 2 into the first node, and one more into each that follows. */
function edgeCount(steps: number): number {
  return (steps * (steps + 3)) / 2;
}

/** TE-NAS's `DARTS-V1` of super type `nasnet-super`: the supernet of the DARTS space. */
export const dartsFamily: NetworkFamily = {
  name: 'DARTS-V1',
  superType: 'nasnet-super',
  build: (fields) => {
    const size = {
      ...networkSize(fields),
      space: fields.operations('space'),
      stemMultiplier: fields.integer('stem_multiplier', 1),
      steps: fields.integer('steps', 1),
      multiplier: fields.integer('multiplier', 1),
    };
    fields.ignore('max_nodes'); // TE-NAS's own configuration of linear regions carries it
    const all = size.cells + 2 * Math.max(1, size.cells);
    const cells = size.depth > 0 ? Math.min(size.depth, all) : all;
    fields.boundOperations(edgeCount(size.steps) * size.space.length * cells);
    return new DartsNetwork(size);
  },
};
