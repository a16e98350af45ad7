import { type Module, Trace } from '../nn/index.ts';
import { dependents, type Shape, sizeOf, type Tensor, topologicalOrder } from '../tensor/index.ts';

/** What a network costs, as NAS-Bench-201 counts it. */
export interface NetworkCost {
  /** All trained numbers. */
  readonly parameters: number;
  /**
   * Multiplications with additions of one image's convolutions and matrix products, and the bias additions of the latter.
   * Pooling, normalisation, activations and sums do not count.
   */
  readonly flops: number;
}

/**
 * Counts a network's parameters and operations. The operations are read from the graph of one forward pass, so that those
 * of a user's own modules count, too.
 *
 * @param sample the shape of one sample, e.g. [C, H, W]
 * @throws ShapeError when the sample does not fit the network.
 *
 * @example
 * console.log(networkCost(network, [5])); // { parameters: 147, flops: 147 }
 */
export function networkCost(network: Module, sample: Shape): NetworkCost {
  const { x, y } = new Trace(network, [1, ...sample], { mode: 'eval' });
  const order = topologicalOrder([y]);
  // What depends on parameters alone is computed once, whatever the number of images.
  const onImages = dependents(order, [x]);
  // A product with a constant matrix, by which a layer may take means, is no linear layer; a convolution is one.
  const fed = dependents(
    order,
    order.filter(({ op }) => op.kind === 'input'),
  );
  const counts = (tensor: Tensor) =>
    onImages.has(tensor) && (isConvolution(tensor) || tensor.operands.every((operand) => fed.has(operand)));
  const flops = order.map((tensor) => (counts(tensor) ? flopsOf(tensor, onImages) : 0));
  const parameters = [...network.namedParameters().values()].map(({ shape }) => sizeOf(shape));
  return { parameters: total(parameters), flops: total(flops) };
}

function isConvolution({ op }: Tensor): boolean {
  return op.kind === 'primitive' && ['convolution', 'convolutionInputGradient'].includes(op.primitive);
}

function flopsOf({ op, operands, shape }: Tensor, onImages: ReadonlySet<Tensor>): number {
  if (op.kind !== 'primitive') return 0;
  // Every element of the output is an inner product over the channels of its group and the taps of the kernel.
  if (op.primitive === 'convolution') return sizeOf(shape) * sizeOf(operands[1].shape.slice(-3));
  // Transposed: every element of the input meets the output channels of its group and the taps.
  if (op.primitive === 'convolutionInputGradient')
    return sizeOf(operands[0].shape) * sizeOf(operands[1].shape.slice(-3));
  if (op.primitive === 'matmul') {
    const [{ shape: a, rank }] = operands;
    return sizeOf(shape) * a[rank - (op.attributes.transposeA ? 2 : 1)];
  }
  return op.primitive === 'linearCombination' && isBiasAddition(operands, onImages) ? sizeOf(shape) : 0;
}

/** A matrix product plus something of the parameters alone. */
function isBiasAddition(operands: readonly Tensor[], onImages: ReadonlySet<Tensor>): boolean {
  const [product, bias] = operands;
  return (
    operands.length === 2 &&
    product.op.kind === 'primitive' &&
    product.op.primitive === 'matmul' &&
    onImages.has(product) &&
    !onImages.has(bias)
  );
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
