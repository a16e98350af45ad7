import { grad } from '../autodiff/index.ts';
import { type Mode, type Module, mseLoss, Trace } from '../nn/index.ts';
import {
  allocate,
  type Backend,
  cast,
  constant,
  type DType,
  type FloatArray,
  InputError,
  type NDArray,
  Program,
  reshape,
  type Tensor,
} from '../tensor/index.ts';

/** How a network is trained on one batch. */
export interface DescentSettings {
  readonly mode: Mode;
  readonly backend: Backend;
  readonly dtype: DType;
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly steps: number;
  readonly signal: AbortSignal;
  readonly onStep: (step: number) => void;
}

/** What was seen before each step, and after the last. */
export interface RealCurves {
  /** [steps + 1] */
  readonly loss: Float64Array;
  /** [N, K] each */
  readonly outputs: readonly NDArray[];
}

/**
 * Trains all parameters of a network on the mean squared error of one batch, by steps of gradient descent as PyTorch's
 * `SGD` takes them. The network's own parameters stay as they are.
 *
 * @param targets [N, K]
 * @throws InputError when no parameter takes part in the outputs.
 */
export async function fullBatchDescent(
  network: Module,
  x: NDArray,
  targets: NDArray,
  settings: DescentSettings,
): Promise<RealCurves> {
  const { mode, backend, dtype, steps, signal, onStep } = settings;
  const trace = new Trace(network, x.shape, { mode, dtype });
  const leaves = [...trace.parameters(network).values()];
  if (leaves.length === 0) throw new InputError('dynamics: expected a network with parameters, got none');
  const y = reshape(trace.y, targets.shape);
  const loss = mseLoss(y, constant(cast(targets, dtype)));
  const program = await Program.compile([loss, y, ...grad(loss, leaves)], { backend, varying: leaves, signal });
  try {
    const variables = trace.variables();
    const isTrained = new Set(leaves);
    const fixed = [...variables].filter(([leaf]) => !isTrained.has(leaf));
    await program.bind(new Map([...fixed, [trace.x, cast(x, dtype)]]), signal);
    const values = new Map<Tensor, NDArray>(
      leaves.map((leaf) => [leaf, { ...variables.get(leaf)!, data: variables.get(leaf)!.data.slice() }]),
    );
    const velocities = leaves.map((leaf) => allocate(dtype, variables.get(leaf)!.data.length));
    const curves = { loss: new Float64Array(steps + 1), outputs: [] as NDArray[] };
    for (let step = 0; step <= steps; step++) {
      const [now, outputs, ...gradients] = await program.run(values, signal);
      curves.loss[step] = now.data[0];
      curves.outputs.push({ ...outputs, data: outputs.data.slice() });
      leaves.forEach((leaf, i) => move(values.get(leaf)!.data, velocities[i], gradients[i].data, settings));
      onStep(step);
    }
    return curves;
  } finally {
    program.dispose();
  }
}

function move(
  theta: FloatArray,
  velocity: FloatArray,
  gradient: FloatArray,
  { learningRate, momentum, nesterov }: DescentSettings,
): void {
  for (let i = 0; i < theta.length; i++) {
    velocity[i] = momentum * velocity[i] + gradient[i];
    theta[i] -= learningRate * (nesterov ? gradient[i] + momentum * velocity[i] : velocity[i]);
  }
}
