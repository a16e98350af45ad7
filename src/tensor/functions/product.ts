import { checkOptions } from '../../check.ts';
import { apply } from '../apply.ts';
import type { Tensor } from '../tensor.ts';
import { add } from './elementwise.ts';
import { reshape } from './movement.ts';

/** Which operands of {@link matmul} are read transposed. */
export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * The matrix product a·b of […, M, K] and […, K, N], either optionally read transposed.
 *
 * @throws ShapeError when the inner extents differ.
 *
 * @example
 * const a = constant(ndarray([1, 2, 3, 4], [2, 2]));
 * const [product] = await evaluate([matmul(a, a, { transposeB: true })]);
 * console.log([...product.data]); // [ 5, 11, 11, 25 ]
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  checkOptions('matmul', options, ['transposeA', 'transposeB']);
  const { transposeA = false, transposeB = false } = options;
  return apply('matmul', [a, b], { transposeA, transposeB });
}

/**
 * x·Wᵀ + b, a fully connected layer.
 *
 * @param x […, N, I]
 * @param weight […, O, I]
 * @param bias […, O], or nothing
 * @returns […, N, O]
 *
 * @example
 * const x = constant(ndarray([1, 2], [1, 2])); // [N, I]
 * const weight = constant(ndarray([1, 1, 1, -1], [2, 2])); // [O, I]
 * const [y] = await evaluate([linear(x, weight, constant(ndarray([10, 20], [2])))]);
 * console.log([...y.data]); // [ 13, 19 ]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const product = matmul(x, weight, { transposeB: true });
  if (bias === undefined) return product;
  // A row of its own: leading dimensions of the bias must not meet N.
  return add(product, reshape(bias, [...bias.shape.slice(0, -1), 1, bias.shape[bias.rank - 1]]));
}

/**
 * All inner products of the rows of a, […, N, P], with those of b, […, M, P]: a·bᵀ as […, N, M], accumulated and
 * returned in float64 whatever the precision of the rows.
 *
 * @example
 * const rows = constant(ndarray([1, 0, 3, 4], [2, 2], 'float32'));
 * const [theta] = await evaluate([gram(rows)]);
 * console.log(theta.dtype, [...theta.data]); // float64 [ 1, 3, 3, 25 ]
 */
export function gram(a: Tensor, b: Tensor = a): Tensor {
  return apply('gram', [a, b], {});
}
