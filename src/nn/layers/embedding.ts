import { gather, type Tensor } from '../../tensor/index.ts';
import { normalWith } from '../initializers.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import type { Trace } from '../trace.ts';
import { integer } from './arguments.ts';

/**
 * PyTorch's `Embedding`: tokens of any shape [N, …], whole numbers from 0 to V − 1 in the precision of the trace, to their
 * vectors, [N, …, D]; `weight` [V, D] starts as N(0, 1). A number that is no token is cut to the nearest one.
 *
 * @throws ShapeError when an argument is not an integer ≥ 1.
 *
 * @example
 * const embedding = new Embedding(100, 8);
 * initialize(embedding, pytorchDefault, new Generator(0));
 * console.log((await forward(embedding, ndarray([7, 99, 0], [1, 3]))).shape); // [ 1, 3, 8 ]
 */
export class Embedding extends Module {
  readonly weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number) {
    super();
    integer('Embedding: numEmbeddings', numEmbeddings, 1);
    integer('Embedding: embeddingDim', embeddingDim, 1);
    this.weight = this.parameter('weight', new Parameter([numEmbeddings, embeddingDim], normalWith(1)));
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return gather(trace.parameter(this.weight), x, { innerRank: 1 });
  }
}
