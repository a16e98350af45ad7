import { concatenate, type Tensor, zeros } from '../tensor/index.ts';
import type { NetworkFamily } from './config.ts';
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
  readonly #channels: number;
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
    this.#channels = channels.own;
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
    const states = [this.#preprocess[0].apply(before, trace), this.#preprocess[1].apply(previous, trace)];
    const nodeShape = this.#nodeShape(states[0]);
    for (let i = 0; i < this.#steps; i++) {
      const terms = states.flatMap((state, j) => {
        const edge = `${i}<-${j}`;
        const alphas = alphasOf(this.#alphas, rows.indexOf(edge));
        const pruned = alphas.every((alpha) => alpha <= PRUNED_ALPHA);
        return pruned ? [] : mixtureTerms(this.#edges.get(edge)!, alphas, state, trace);
      });
      states.push(sumOfTerms(terms) ?? zeros(nodeShape, trace.dtype));
    }
    return concatenate(states.slice(-this.#multiplier), -3);
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return this.applyTo(x, x, trace);
  }

  #nodeShape({ shape }: Tensor): number[] {
    const [h, w] = shape.slice(-2).map((extent) => (this.reduction ? Math.ceil(extent / 2) : extent));
    return [...shape.slice(0, -3), this.#channels, h, w];
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
    const edges = Array.from({ length: size.steps }, (_, i) => 2 + i).reduce((a, b) => a + b, 0);
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
      Array.from({ length: n }, (_, i) => ({ width, reduction: first && i === 0 }));
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

/** TE-NAS's `DARTS-V1` of super type `nasnet-super`: the supernet of the DARTS space. */
export const dartsFamily: NetworkFamily = {
  name: 'DARTS-V1',
  superType: 'nasnet-super',
  build: (fields) => {
    const size = networkSize(fields);
    return new DartsNetwork({
      ...size,
      space: fields.operations('space'),
      stemMultiplier: fields.integer('stem_multiplier', 1),
      steps: fields.integer('steps', 1),
      multiplier: fields.integer('multiplier', 1),
    });
  },
};
