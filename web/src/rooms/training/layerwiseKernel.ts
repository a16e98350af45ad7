import { grad } from 'ntkit/autodiff';
import { type Module, Trace } from 'ntkit/nn';
import { add, cast, evaluate, gram, multiply, type NDArray, scale, scalar, sum, type Tensor } from 'ntkit/tensor';
import type { SquaredScales } from './architecture.ts';

/** The tangent kernel of a network between points that are drawn and training points, and its outputs at both. */
export interface Kernels {
  /** Θ(x, x) of the training points, [N, N]. */
  readonly train: NDArray;
  /** Θ(grid, x), [M, N] */
  readonly cross: NDArray;
  /** f(x), [N, 1] */
  readonly outputs: NDArray;
  /** f(grid), [M, 1] */
  readonly gridOutputs: NDArray;
}

/** One forward pass, with the factors of the derivatives by the parameters of each layer. */
interface Pass {
  readonly trace: Trace;
  readonly x: NDArray;
  /** Of each linear layer: its inputs h [N, n], and the derivatives δ [N, m] of the network's output by its outputs. */
  readonly layers: readonly { readonly inputs: Tensor; readonly derivatives: Tensor }[];
}

function passOf(network: Module, x: NDArray): Pass {
  const trace = new Trace(network, x.shape, { mode: 'eval', dtype: 'float64' });
  const calls = trace.calls.filter(({ module }) => module.ownParameters().size > 0);
  // Samples are independent: the derivative of the sum is that of each sample's own output.
  const derivatives = grad(
    sum(trace.y),
    calls.map(({ output }) => output),
  );
  return { trace, x, layers: calls.map(({ input }, i) => ({ inputs: input, derivatives: derivatives[i] })) };
}

/**
 * The gradient of the output by the weights of a linear layer is δ·hᵀ, a matrix of rank one. So the kernel needs no
 * row of the Jacobian, which has a number for each parameter:
 *
 *     Θ(x, x') = Σ over layers of (δ·δ')·((σw²/n)·h·h' + σb²)
 */
function kernelOf(first: Pass, second: Pass, scales: readonly SquaredScales[]): Tensor {
  const terms = first.layers.map(({ inputs, derivatives }, i) => {
    const other = second.layers[i];
    const own = add(scale(gram(inputs, other.inputs), scales[i].weight), scalar(scales[i].bias));
    return multiply(gram(derivatives, other.derivatives), own);
  });
  return add(...terms);
}

/**
 * The tangent kernel of a fully connected network with one output, at its current parameters, in float64.
 *
 * @param x training points, [N, D]
 * @param grid [M, D]
 * @throws ShapeError when the points do not fit the network.
 */
export async function layerwiseKernels(
  network: Module,
  { x, grid, scales }: { readonly x: NDArray; readonly grid: NDArray; readonly scales: readonly SquaredScales[] },
  signal?: AbortSignal,
): Promise<Kernels> {
  const [points, drawn] = [passOf(network, x), passOf(network, grid)];
  const feeds = [points, drawn].flatMap(({ trace, x: values }) => [
    ...trace.variables(),
    [trace.x, cast(values, 'float64')] as const,
  ]);
  const [train, cross, outputs, gridOutputs] = await evaluate(
    [kernelOf(points, points, scales), kernelOf(drawn, points, scales), points.trace.y, drawn.trace.y],
    new Map(feeds),
    undefined,
    { signal },
  );
  return { train, cross, outputs, gridOutputs };
}
