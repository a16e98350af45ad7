import {
  add,
  averagePool,
  batchNorm,
  batchNormWith,
  channelAffine,
  channelStatistics,
  full,
  multiply,
  pad,
  power,
  reshape,
  scale,
  sizeOf,
  standardizeRows,
  type Tensor,
} from '../../tensor/index.ts';
import type { Call, Operator, Result } from './operator.ts';

/** [N, C, …] as images [N, C, H, 1]. */
const asImages = (x: Tensor): Tensor => reshape(x, [x.shape[0], x.shape[1], sizeOf(x.shape.slice(2)), 1]);

/** By the batch in train mode, whatever the file says, and by the running statistics in eval mode. */
function batchNormalization(call: Call): Result {
  const { attributes } = call;
  const x = call.tensor(0);
  if (x.rank < 2) call.fail(`expected an input [N, C, …], got rank ${x.rank}`);
  if (attributes.int('spatial', 1) !== 1) call.fail('spatial: expected statistics a channel, got some a pixel');
  const images = asImages(x);
  const epsilon = attributes.float('epsilon', 1e-5);
  const [gamma, beta] = [call.tensor(1), call.tensor(2)];
  if (call.mode === 'eval') {
    const statistics = { mean: call.tensor(3), variance: call.tensor(4) };
    return reshape(batchNormWith(statistics, images, gamma, beta, epsilon), x.shape);
  }
  const [mean, variance] = [3, 4].map((i) => call.bufferOf(call.node.inputs[i]));
  // ONNX's momentum is the weight of the old value.
  const momentum = 1 - attributes.float('momentum', 0.9);
  const count = sizeOf(x.shape) / x.shape[1];
  if (mean) call.observe(mean, () => channelStatistics(images).mean, momentum);
  if (variance) call.observe(variance, () => scale(channelStatistics(images).variance, count / (count - 1)), momentum);
  return reshape(batchNorm(images, gamma, beta, epsilon), x.shape);
}

function groupNormalization(call: Call): Tensor {
  const x = call.tensor(0);
  const groups = call.attributes.int('num_groups', 1);
  const [n, c] = x.shape;
  const y = standardizeRows(x, n * groups, call.attributes.float('epsilon', 1e-5));
  const [gamma, beta] = [call.tensor(1), call.tensor(2)];
  // In operator set 18 there is a factor a group, from 21 on a factor a channel.
  const perChannel = (v: Tensor) =>
    v.shape[0] === c ? v : reshape(multiply(reshape(v, [groups, 1]), full([groups, c / groups], 1, v.dtype)), [c]);
  return reshape(channelAffine(asImages(y), perChannel(gamma), perChannel(beta)), x.shape);
}

function instanceNormalization(call: Call): Tensor {
  const x = call.tensor(0);
  const y = standardizeRows(x, x.shape[0] * x.shape[1], call.attributes.float('epsilon', 1e-5));
  return reshape(channelAffine(asImages(y), call.tensor(1), call.tensor(2)), x.shape);
}

function layerNormalization(call: Call): Tensor {
  const x = call.tensor(0);
  const axis = call.axis(call.attributes.int('axis', -1), x.rank);
  const y = standardizeRows(x, sizeOf(x.shape.slice(0, axis)), call.attributes.float('epsilon', 1e-5));
  const scaled = multiply(y, call.tensor(1));
  return call.has(2) ? add(scaled, call.tensor(2)) : scaled;
}

/** x / (bias + α/size · Σ x²)^β, the sum over neighbouring channels (Krizhevsky, Sutskever & Hinton 2012). */
function localResponse(call: Call): Tensor {
  const { attributes } = call;
  const x = call.tensor(0);
  const size = attributes.int('size', 1);
  const [n, c] = x.shape;
  const before = Math.floor((size - 1) / 2);
  // The channels as rows of an image, whose windows of `size` rows are averaged, zeros outside included.
  const squares = reshape(power(x, 2), [n, 1, c, sizeOf(x.shape.slice(2))]);
  const wide = pad(squares, [{ before, after: size - 1 - before }, {}]);
  const mean = reshape(averagePool(wide, [size, 1], { stride: 1 }), x.shape);
  const base = add(full([], attributes.float('bias', 1), x.dtype), scale(mean, attributes.float('alpha', 1e-4)));
  return multiply(x, power(base, -attributes.float('beta', 0.75)));
}

/** Normalisations. */
export const normalizationOperators: Readonly<Record<string, Operator>> = {
  BatchNormalization: { build: batchNormalization, fixed: [3, 4] },
  InstanceNormalization: { build: instanceNormalization },
  GroupNormalization: { build: groupNormalization },
  LayerNormalization: { build: layerNormalization },
  LRN: { build: localResponse },
};
