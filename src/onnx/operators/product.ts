import {
  add,
  formatShape,
  matmul,
  reshape,
  scale,
  type Shape,
  sizeOf,
  sum,
  type Tensor,
  transpose,
} from '../../tensor/index.ts';
import type { Call, Operator } from './operator.ts';

function gemm(call: Call): Tensor {
  const { attributes } = call;
  const [a, b] = [call.tensor(0), call.tensor(1)];
  const options = { transposeA: attributes.int('transA', 0) === 1, transposeB: attributes.int('transB', 0) === 1 };
  const product = scale(matmul(a, b, options), attributes.float('alpha', 1));
  return call.has(2) ? add(product, scale(call.tensor(2), attributes.float('beta', 1))) : product;
}

/** NumPy's product: a vector is a row on the left and a column on the right, and its dimension is dropped again. */
function numpyMatmul(a: Tensor, b: Tensor): Tensor {
  const left = a.rank === 1 ? reshape(a, [1, ...a.shape]) : a;
  const right = b.rank === 1 ? reshape(b, [...b.shape, 1]) : b;
  const y = matmul(left, right);
  const shape = y.shape.filter((_, i) => !(a.rank === 1 && i === y.rank - 2) && !(b.rank === 1 && i === y.rank - 1));
  return reshape(y, shape);
}

/** x with the dimensions of its letters in the order of others, 1 for letters that it has not. */
function aligned(x: Tensor, own: string, letters: string): Tensor {
  const order = [...letters].filter((letter) => own.includes(letter)).map((letter) => own.indexOf(letter));
  const sorted = transpose(x, order);
  const extents = new Map([...own].map((letter, i) => [letter, x.shape[i]]));
  return reshape(
    sorted,
    [...letters].map((letter) => extents.get(letter) ?? 1),
  );
}

/** The equation, whose `...` become capital letters that it has not. */
function withoutEllipsis(call: Call): string {
  const equation = call.attributes.string('equation', '').replaceAll(' ', '');
  if (!equation.includes('...')) return equation;
  const [left, right] = equation.split('->');
  const tensors = call.tensors();
  const lengths = left.split(',').flatMap((own, i) => {
    const letters = own.replace('...', '').length;
    return own.includes('...') ? [(tensors[i]?.rank ?? 0) - letters] : [];
  });
  const [length] = lengths;
  const free = [...'ZYXWVUTSRQPONMLKJIHGFEDCBA'].filter((letter) => !equation.includes(letter));
  if (!(length >= 0 && length <= free.length) || lengths.some((each) => each !== length)) {
    call.fail(`equation: expected the same number of dimensions for each '...', got '${equation}'`);
  }
  const dimensions = free.slice(0, length).join('');
  const once = (letter: string, _: number, all: readonly string[]) =>
    all.filter((each) => each === letter).length === 1;
  const implied = () => dimensions + [...left.replace(/[.,]/g, '')].filter(once).sort().join('');
  return `${left.replaceAll('...', dimensions)}->${right?.replace('...', dimensions) ?? implied()}`;
}

/**
 * Einstein's sum of one or two operands. Letters of both and of the result are batches, letters of both alone are summed
 * over: a batched product of matrices.
 */
function einsum(call: Call): Tensor {
  const equation = withoutEllipsis(call);
  const [left, right] = equation.split('->');
  const operands = left.split(',');
  const tensors = call.tensors();
  const letters = operands.join('');
  const once = [...new Set(letters)].filter((letter) => [...letters].filter((each) => each === letter).length === 1);
  const output = right ?? once.sort().join('');
  if (!/^[A-Za-z,]*$/.test(left) || operands.length !== tensors.length || tensors.length > 2) {
    call.fail(`equation: expected letters for one or two operands, got '${equation}' for ${tensors.length}`);
  }
  operands.forEach((own, i) => {
    if (own.length !== tensors[i].rank || new Set(own).size < own.length) {
      call.fail(
        `equation: expected ${tensors[i].rank} different letters for ${formatShape(tensors[i].shape)}, got '${own}'`,
      );
    }
  });
  // What an operand alone has and the result has not is summed first.
  const reduced = operands.map((own, i): [Tensor, string] => {
    const others = output + operands.filter((_, k) => k !== i).join('');
    const gone = [...own].flatMap((letter, axis) => (others.includes(letter) ? [] : [axis]));
    const kept = [...own].filter((_, axis) => !gone.includes(axis)).join('');
    return [gone.length > 0 ? sum(tensors[i], gone) : tensors[i], kept];
  });
  const [[a, of]] = reduced;
  if (reduced.length === 1)
    return transpose(
      a,
      [...output].map((letter) => of.indexOf(letter)),
    );
  const [b, with_] = reduced[1];
  const batch = [...of].filter((letter) => with_.includes(letter) && output.includes(letter)).join('');
  const inner = [...of].filter((letter) => with_.includes(letter) && !output.includes(letter)).join('');
  const rows = [...of].filter((letter) => !with_.includes(letter)).join('');
  const columns = [...with_].filter((letter) => !of.includes(letter)).join('');
  const extent = new Map([...of].map((letter, i) => [letter, a.shape[i]]));
  [...with_].forEach((letter, i) => extent.set(letter, b.shape[i]));
  const shapeOf = (names: string): Shape => [...names].map((letter) => extent.get(letter)!);
  const matrix = (x: Tensor, own: string, first: string, second: string) =>
    reshape(aligned(x, own, batch + first + second), [
      ...shapeOf(batch),
      sizeOf(shapeOf(first)),
      sizeOf(shapeOf(second)),
    ]);
  const product = matmul(matrix(a, of, rows, inner), matrix(b, with_, inner, columns));
  const named = batch + rows + columns;
  return transpose(
    reshape(product, shapeOf(named)),
    [...output].map((letter) => named.indexOf(letter)),
  );
}

/** Products of matrices. */
export const productOperators: Readonly<Record<string, Operator>> = {
  Gemm: { build: gemm },
  MatMul: { build: (call) => numpyMatmul(call.tensor(0), call.tensor(1)) },
  Einsum: { build: einsum },
};
