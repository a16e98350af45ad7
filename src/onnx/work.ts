import { formatShape, InputError, sizeOf, type Tensor, topologicalOrder } from '../tensor/index.ts';

/** The most numbers that are computed while a graph is read: shapes, masks, tables of positions. */
export const MOST_NUMBERS = 2 ** 22;

/** The most operations that are done then. */
const MOST_WORK = 2 ** 28;

/**
 * Makes sure that an expression can be computed on the calling thread, at once: a small file may demand any amount of work.
 *
 * @throws InputError when it takes much memory or time.
 */
export function checkWork(tensor: Tensor, where: string): void {
  const order = topologicalOrder([tensor]);
  const large = order.find(({ shape }) => sizeOf(shape) > MOST_NUMBERS);
  if (large) {
    throw new InputError(
      `${where}: expected at most ${MOST_NUMBERS} numbers to be computed beforehand, got shape ${formatShape(large.shape)}`,
    );
  }
  const work = order.reduce((sum, each) => sum + workOf(each), 0);
  if (work > MOST_WORK) {
    throw new InputError(`${where}: expected at most ${MOST_WORK} operations to be done beforehand, got ${work}`);
  }
}

/** The operations of one step: for each number of the result those that it is added up from. */
function workOf({ op, operands, shape }: Tensor): number {
  if (op.kind !== 'primitive') return 0;
  const size = sizeOf(shape);
  const { primitive, attributes } = op;
  if (primitive === 'matmul') return size * operands[0].shape[operands[0].rank - (attributes.transposeA ? 2 : 1)];
  if (primitive === 'averagePool' || primitive === 'maxPoolIndex') return size * sizeOf(attributes.kernel);
  if (primitive === 'convolution' || primitive === 'convolutionInputGradient') {
    return (size + sizeOf(operands[0].shape)) * sizeOf(operands[1].shape.slice(-3));
  }
  return Math.max(size, ...operands.map((operand) => sizeOf(operand.shape)));
}
