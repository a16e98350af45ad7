import { checkOptions } from '../../check.ts';
import {
  linear,
  matmul,
  reshape,
  scale,
  ShapeError,
  slice,
  softmax,
  type Tensor,
  transpose,
} from '../../tensor/index.ts';
import { xavierUniform } from '../initializers.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import type { Trace } from '../trace.ts';
import { divides, integer } from './arguments.ts';

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions {
  /**
   * Whether the input is [N, T, E] and not [T, N, E]. PyTorch's default is false; here there is none, because a network's
   * input has the batch first, and a forgotten option would let samples attend to each other.
   */
  readonly batchFirst: boolean;
  /** Whether the projections have biases; true by default. */
  readonly bias?: boolean;
}

/** The projection after the heads. PyTorch starts its bias at 0. */
class OutProjection extends Module {
  readonly #weight: Parameter;
  readonly #bias: Parameter | undefined;

  constructor(embedDim: number, bias: boolean) {
    super();
    this.#weight = this.parameter('weight', new Parameter([embedDim, embedDim], 'weight'));
    this.#bias = bias ? this.parameter('bias', new Parameter([embedDim], 0)) : undefined;
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return linear(x, trace.parameter(this.#weight), this.#bias && trace.parameter(this.#bias));
  }
}

/**
 * PyTorch's `MultiheadAttention` as self-attention, `attention(x, x, x)` (Vaswani et al. 2017): every head of d = E/heads
 * channels gives softmax(Q·Kᵀ/√d)·V, and a linear layer mixes them. [N, T, E] to [N, T, E], or time first.
 *
 * `in_proj_weight` [3E, E] (Xavier uniform) and `in_proj_bias` [3E] (0) project to queries, keys and values;
 * `out_proj.weight` [E, E], `out_proj.bias` [E] (0).
 *
 * @throws ShapeError when the heads do not divide E, or the input has another shape.
 *
 * @example
 * const attention = new MultiheadAttention(8, 2, { batchFirst: true });
 * initialize(attention, pytorchDefault, new Generator(0));
 * console.log((await forward(attention, new Generator(0).normals([2, 5, 8]))).shape); // [ 2, 5, 8 ]
 */
export class MultiheadAttention extends Module {
  readonly #embedDim: number;
  readonly #heads: number;
  readonly #batchFirst: boolean;
  readonly #weight: Parameter;
  readonly #bias: Parameter | undefined;
  readonly #outProjection: Module;

  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions) {
    super();
    checkOptions('MultiheadAttention', options, ['batchFirst', 'bias']);
    const { batchFirst, bias = true } = options;
    this.#embedDim = integer('MultiheadAttention: embedDim', embedDim, 1);
    this.#heads = integer('MultiheadAttention: numHeads', numHeads, 1);
    divides('MultiheadAttention: numHeads', numHeads, 'channels', embedDim);
    if (typeof batchFirst !== 'boolean') {
      throw new ShapeError(`MultiheadAttention: batchFirst: expected true or false, got ${String(batchFirst)}`);
    }
    this.#batchFirst = batchFirst;
    this.#weight = this.parameter('in_proj_weight', new Parameter([3 * embedDim, embedDim], xavierUniform()));
    this.#bias = bias ? this.parameter('in_proj_bias', new Parameter([3 * embedDim], 0)) : undefined;
    this.#outProjection = this.child('out_proj', new OutProjection(embedDim, bias));
  }

  protected override get expectedInput() {
    return [...(this.#batchFirst ? ['N', 'T'] : ['T', 'N']), this.#embedDim];
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    if (!this.#batchFirst) return transpose(this.#attend(transpose(x, [1, 0, 2]), trace), [1, 0, 2]);
    return this.#attend(x, trace);
  }

  #attend(x: Tensor, trace: Trace): Tensor {
    const [n, t, e] = x.shape;
    const heads = this.#heads;
    const projected = linear(x, trace.parameter(this.#weight), this.#bias && trace.parameter(this.#bias));
    const [q, k, v] = [0, 1, 2].map((i) => {
      const part = slice(projected, [{ start: i * e, stop: (i + 1) * e }]);
      return transpose(reshape(part, [n, t, heads, e / heads]), [0, 2, 1, 3]); // [N, heads, T, d]
    });
    const attention = softmax(scale(matmul(q, k, { transposeB: true }), 1 / Math.sqrt(e / heads)), -1);
    const mixed = reshape(transpose(matmul(attention, v), [0, 2, 1, 3]), [n, t, e]);
    return this.#outProjection.apply(mixed, trace);
  }
}
