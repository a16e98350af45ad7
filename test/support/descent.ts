import { grad } from '../../src/autodiff/index.ts';
import { type Module, Trace } from '../../src/nn/index.ts';
import {
  constant,
  type NDArray,
  ndarray,
  Program,
  referenceBackend,
  scalar,
  type Tensor,
} from '../../src/tensor/index.ts';

/** Settings of full-batch gradient descent. */
export interface Steps {
  readonly learningRate: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** The state before a step. */
export interface Seen {
  readonly outputs: readonly NDArray[];
  readonly loss: number;
}

/**
 * Trains a network on one batch by gradient descent in its parameters, in float64, written down as PyTorch's SGD is: the
 * first velocity is the first gradient.
 *
 * @param loss of the outputs for the first batch.
 * @param batches the first is trained on; outputs are returned for the others, too.
 * @param wanted numbers of steps after which outputs are returned, in ascending order.
 */
export async function descend(
  network: Module,
  batches: readonly NDArray[],
  loss: (outputs: Tensor) => Tensor,
  { learningRate, momentum = 0, nesterov = false }: Steps,
  wanted: readonly number[],
): Promise<Seen[]> {
  const traces = batches.map(({ shape }) => new Trace(network, shape, { mode: 'eval' }));
  const [trace] = traces;
  const trained = [...trace.parameters(network)].map(([name, leaf]) => ({ name, leaf }));
  const value = trained.length > 0 ? loss(trace.y) : scalar(0);
  const program = await Program.compile(
    [
      value,
      ...grad(
        value,
        trained.map(({ leaf }) => leaf),
      ),
    ],
    {
      backend: referenceBackend,
      varying: [...trace.leaves.values(), trace.x],
    },
  );
  const watching = await Promise.all(
    traces.map((each) =>
      Program.compile([each.y], { backend: referenceBackend, varying: [...each.leaves.values(), each.x] }),
    ),
  );
  await program.bind();
  for (const each of watching) await each.bind();
  const parameters = network.namedParameters();
  const velocities = trained.map(({ leaf }) => new Float64Array(leaf.shape.reduce((a, b) => a * b, 1)));
  const seen: Seen[] = [];
  for (let step = 0; ; step++) {
    const [now, ...gradients] = await program.run(new Map([...trace.variables(), [trace.x, batches[0]]]));
    if (wanted.includes(step)) {
      const outputs: NDArray[] = [];
      for (const [i, each] of traces.entries()) {
        outputs.push((await watching[i].run(new Map([...each.variables(), [each.x, batches[i]]])))[0]);
      }
      seen.push({ outputs, loss: now.data[0] });
    }
    if (step === wanted[wanted.length - 1]) return seen;
    trained.forEach(({ name }, k) => {
      const parameter = parameters.get(name)!;
      const v = velocities[k];
      const data = Float64Array.from(parameter.value.data, (theta, i) => {
        const g = gradients[k].data[i];
        v[i] = momentum * v[i] + g;
        return theta - learningRate * (nesterov ? g + momentum * v[i] : v[i]);
      });
      parameter.value = ndarray(data, parameter.shape);
    });
  }
}

/** The mean squared error, or another loss, from given targets. */
export function against(loss: (outputs: Tensor, targets: Tensor) => Tensor, targets: NDArray) {
  return (outputs: Tensor): Tensor => loss(outputs, constant(targets));
}
