import { writeFile } from 'node:fs/promises';
import { Trace } from '../src/nn/index.ts';
import { topologicalOrder } from '../src/tensor/index.ts';
import { imagesOf, type Job } from './jobs.ts';

// A network as PyTorch can evaluate it: the operations of its forward pass in order, one line of JSON each, and the
// values of its leaves one after another in a file of float32.

/** Writes `PATH.json` and `PATH.bin`. */
export async function writeTorchGraph(path: string, { network: build, mode, batch }: Job): Promise<void> {
  const network = build();
  const images = imagesOf(batch);
  const trace = new Trace(network, images.shape, { mode, dtype: 'float32' });
  const parameters = new Map([...trace.parameters(network)].map(([name, tensor]) => [tensor, name]));
  const values = new Map([...trace.variables(), [trace.x, images]]);
  const order = topologicalOrder([trace.y]);
  const numbers = new Map(order.map((tensor, i) => [tensor, i]));
  const parts: Uint8Array[] = [];
  const nodes = order.map((tensor) => {
    const { op, operands, shape } = tensor;
    if (op.kind === 'primitive') {
      const from = operands.map((operand) => numbers.get(operand));
      return { primitive: op.primitive, attributes: op.attributes, operands: from, shape };
    }
    const { data } = op.kind === 'constant' ? op.value : values.get(tensor)!;
    parts.push(new Uint8Array(Float32Array.from(data).buffer));
    return { leaf: parameters.get(tensor) ?? '', images: tensor === trace.x, shape };
  });
  await writeFile(`${path}.json`, JSON.stringify({ mode, nodes }));
  await writeFile(`${path}.bin`, Buffer.concat(parts));
}

/** Multiplications and additions of all convolutions: a forward pass, and two passes as large backwards for each row. */
export function countFlops({ network: build, mode, batch }: Job): number {
  const trace = new Trace(build(), imagesOf(batch).shape, { mode, dtype: 'float32' });
  let forward = 0;
  let unneeded = 0; // nothing asks for the gradient of the images
  for (const { op, operands, shape } of topologicalOrder([trace.y])) {
    if (op.kind !== 'primitive' || op.primitive !== 'convolution') continue;
    const flops = 2 * [...shape, ...operands[1].shape.slice(1)].reduce((a, b) => a * b, 1);
    forward += flops;
    if (operands[0] === trace.x) unneeded += flops;
  }
  const rows = mode === 'train' ? batch : 1; // in eval mode a row is a sample's own
  return forward + rows * (2 * forward - unneeded);
}
