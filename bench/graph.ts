import { writeFile } from 'node:fs/promises';
import { Trace } from '../src/nn/index.ts';
import { type PrimitiveOp, type Shape, topologicalOrder } from '../src/tensor/index.ts';
import { imagesOf, type Job } from './jobs.ts';

// A network in a form that other libraries can evaluate: the operations of its forward pass in order.

/** The value of one operation on earlier nodes, which are given by their numbers. */
export type Operation = PrimitiveOp & { readonly operands: readonly number[]; readonly shape: Shape };

/** An input of operations. */
export interface Leaf {
  /** A parameter's name, or '' if it is not a parameter. */
  readonly leaf: string;
  readonly images: boolean;
  readonly shape: Shape;
}

/** The nodes, of which the last is the logits, and the values of the leaves, in the order of the nodes. */
export interface Graph {
  readonly nodes: readonly (Operation | Leaf)[];
  readonly values: readonly Float32Array[];
}

/** The forward pass of a job's network for its batch. */
export function graphOf({ network: build, mode, batch }: Pick<Job, 'network' | 'mode' | 'batch'>): Graph {
  const network = build();
  const images = imagesOf(batch);
  const trace = new Trace(network, images.shape, { mode, dtype: 'float32' });
  const parameters = new Map([...trace.parameters(network)].map(([name, tensor]) => [tensor, name]));
  const leaves = new Map([...trace.variables(), [trace.x, images]]);
  const order = topologicalOrder([trace.y]);
  const numbers = new Map(order.map((tensor, i) => [tensor, i]));
  const values: Float32Array[] = [];
  const nodes = order.map((tensor): Operation | Leaf => {
    const { op, operands, shape } = tensor;
    if (op.kind === 'primitive') {
      const from = operands.map((operand) => numbers.get(operand)!);
      return { ...op, operands: from, shape };
    }
    const { data } = op.kind === 'constant' ? op.value : leaves.get(tensor)!;
    values.push(Float32Array.from(data));
    return { leaf: parameters.get(tensor) ?? '', images: tensor === trace.x, shape };
  });
  return { nodes, values };
}

/**
 * What torch_ntk.py reads: `PATH.json`, the nodes, and `PATH.bin`, the values of the leaves one after another in float32.
 */
export async function writeTorchGraph(path: string, job: Job): Promise<void> {
  const { nodes, values } = graphOf(job);
  await writeFile(`${path}.json`, JSON.stringify({ mode: job.mode, nodes }));
  await writeFile(`${path}.bin`, Buffer.concat(values.map(({ buffer }) => new Uint8Array(buffer))));
}

/** Multiplications and additions of all convolutions: a forward pass, and two passes as large backwards for each row. */
export function countFlops({ network: build, mode, batch }: Job): number {
  const trace = new Trace(build(), imagesOf(batch).shape, { mode, dtype: 'float32' });
  let forward = 0;
  let unneeded = 0; // the gradient of the images is not needed
  for (const { op, operands, shape } of topologicalOrder([trace.y])) {
    if (op.kind !== 'primitive' || op.primitive !== 'convolution') continue;
    const flops = 2 * [...shape, ...operands[1].shape.slice(1)].reduce((a, b) => a * b, 1);
    forward += flops;
    if (operands[0] === trace.x) unneeded += flops;
  }
  const rows = mode === 'train' ? batch : 1; // in eval mode a row belongs to one sample
  return forward + rows * (2 * forward - unneeded);
}
