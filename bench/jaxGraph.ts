import { grad, lax, nn, numpy as np, vmap } from '@jax-js/jax';
import type { Graph, Operation } from './graph.ts';

// A network's forward pass in jax-js, and the kernel by its vmap(grad). A function of jax-js consumes its arguments:
// `ref` allows one more use.

type Pair = [number, number];
type Attributes<P extends Operation['primitive']> = Extract<Operation, { primitive: P }>['attributes'];

export const jaxArray = (data: Float32Array, shape: readonly number[]): np.Array =>
  np.array(data, { shape: [...shape] });

/** Sums of windows. jax-js cannot map its own, `reduceWindow`, over samples. */
function windowSums(x: np.Array, { kernel, stride, padding }: Attributes<'averagePool'>): np.Array {
  const [n, c, h, w] = x.shape;
  const [[top, bottom], [left, right]] = padding;
  if (stride[0] === kernel[0] && stride[1] === kernel[1] && padding.flat().every((side) => side === 0)) {
    return np.sum(x.reshape([n, c, h / kernel[0], kernel[0], w / kernel[1], kernel[1]]), [3, 5]);
  }
  if (stride[0] !== 1 || stride[1] !== 1)
    throw new Error(`average pool: expected stride 1 or the kernel's, got ${stride.join(', ')}`);
  const padded = np.pad(x, [[0, 0], [0, 0], [top, bottom], [left, right]]); // prettier-ignore
  const [rows, columns] = [h + top + bottom - kernel[0] + 1, w + left + right - kernel[1] + 1];
  const parts = Array.from({ length: kernel[0] * kernel[1] }, (_, at) => {
    const [u, v] = [Math.floor(at / kernel[1]), at % kernel[1]];
    return padded.ref.slice([], [], [u, u + rows], [v, v + columns]);
  });
  padded.dispose();
  return parts.reduce((sum, part) => sum.add(part));
}

/** Means over the pixels of the image, without padding. */
function averagePool(x: np.Array, attributes: Attributes<'averagePool'>): np.Array {
  if (attributes.counted.flat().some((side) => side !== 0))
    throw new Error('average pool: expected no counted padding');
  const [h, w] = x.shape.slice(-2);
  return windowSums(x, attributes).div(windowSums(np.ones([1, 1, h, w]), attributes));
}

const turned = (x: np.Array, yes: boolean) => (yes ? np.matrixTranspose(x) : x);

function applied(op: Operation, operands: readonly np.Array[]): np.Array {
  const [x, y, z] = operands;
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- a cell network in eval mode has no others
  switch (op.primitive) {
    case 'convolution': {
      const { stride, padding, dilation, groups } = op.attributes;
      const sides = padding.map(([before, after]): Pair => [before, after]);
      const options = { rhsDilation: [...dilation], featureGroupCount: groups };
      return lax.convGeneralDilated(x, y, [...stride], sides, options);
    }
    case 'averagePool':
      return averagePool(x, op.attributes);
    case 'channelAffine':
      return x.mul(y.reshape([-1, 1, 1])).add(z.reshape([-1, 1, 1]));
    case 'linearCombination': {
      const { coefficients } = op.attributes;
      const terms = operands.map((term, i) => (coefficients[i] === 1 ? term : term.mul(coefficients[i])));
      return terms.reduce((sum, term) => sum.add(term));
    }
    case 'relu':
      return nn.relu(x);
    case 'multiply':
      return x.mul(y);
    case 'power':
      return np.power(x, op.attributes.exponent);
    case 'broadcastTo':
      return np.broadcastTo(x, [...op.shape]);
    case 'reshape':
      return x.reshape([...op.shape]);
    case 'sum':
      return np.sum(x, [...op.attributes.axes]);
    case 'matmul':
      return np.matmul(turned(x, op.attributes.transposeA), turned(y, op.attributes.transposeB));
    default:
      throw new Error(`jax-js: expected a primitive of a cell network in eval mode, got ${op.primitive}`);
  }
}

/** Θ of summed logits by weights, [N, N], for weights in the order of the graph and images [N, C, H, W]. */
export function jaxKernel({ nodes, values }: Graph): {
  readonly weights: () => np.Array[];
  readonly kernel: (weights: np.Array[], images: np.Array) => np.Array;
} {
  const uses = nodes.map(() => 0);
  for (const node of nodes) if (!('leaf' in node)) for (const operand of node.operands) uses[operand]++;
  const leaves = nodes.flatMap((node, i) => ('leaf' in node ? [{ ...node, i }] : []));
  const starts = leaves.map(({ i, shape }, k) => ({ i, shape, data: values[k] }));
  const isWeight = leaves.map(({ leaf }) => leaf.includes('weight'));
  const weightsAt = leaves.flatMap(({ i }, k) => (isWeight[k] ? [i] : []));
  const imagesAt = leaves.find(({ images }) => images)!.i;
  const others = starts.filter(({ i }, k) => !isWeight[k] && i !== imagesAt);

  const logits = (weights: np.Array[], image: np.Array): np.Array => {
    const left = [...uses];
    const found: np.Array[] = [];
    for (const { i, data, shape } of others) found[i] = jaxArray(data, shape);
    weightsAt.forEach((i, k) => (found[i] = weights[k]));
    found[imagesAt] = np.expandDims(image, 0);
    const take = (i: number) => (--left[i] === 0 ? found[i] : found[i].ref);
    nodes.forEach((node, i) => {
      if ('leaf' in node) return;
      found[i] = applied(node, node.operands.map(take));
    });
    return np.sum(found[nodes.length - 1]);
  };
  const rows = vmap(grad(logits), [null as never, 0]);
  const kernel = (weights: np.Array[], images: np.Array) => {
    const samples = images.shape[0];
    const blocks = rows(weights, images).map((block) => block.reshape([samples, -1]));
    return blocks.map((j) => np.matmul(j.ref, np.matrixTranspose(j))).reduce((sum, part) => sum.add(part));
  };
  const weights = () => starts.filter((_, k) => isWeight[k]).map(({ data, shape }) => jaxArray(data, shape));
  return { weights, kernel };
}
