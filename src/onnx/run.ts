import { availableBytes } from '../availableMemory.ts';
import type { Buffer, Parameter } from '../nn/index.ts';
import {
  type Backend,
  BackendError,
  cast,
  defaultBackend,
  type DType,
  input,
  InputError,
  type NDArray,
  precisionOf,
  Program,
  type Tensor,
} from '../tensor/index.ts';
import type { OnnxInput } from './model.ts';
import { inputsOf, type OnnxNetwork } from './network.ts';

/** How a model is run. */
export interface RunOnnxOptions {
  /** Names of outputs; all by default. */
  readonly outputs?: readonly string[];
  /** Where it is computed; `defaultBackend` by default. */
  readonly backend?: Backend;
  /** The backend's own precision by default; without a backend, that of the model's inputs. */
  readonly dtype?: DType;
  /** Ends the computation. */
  readonly signal?: AbortSignal;
}

/**
 * The outputs of a model for given inputs, in eval mode: what the file computes.
 *
 * @param inputs arrays by the names of the graph's inputs.
 * @returns arrays by the names of outputs.
 * @throws InputError when an input is missing or unknown, ShapeError when one does not fit, BackendError when memory does not
 * suffice; the signal's reason when it is aborted.
 *
 * @example
 * const network = parseOnnx(onnx, 'model.onnx'); // y = x·Wᵀ + b with W = [[10, 1]] and b = [0.5]
 * const outputs = await runOnnx(network, new Map([['x', ndarray([1, 2], [1, 2], 'float32')]]));
 * console.log(outputs.get('y')?.data); // Float32Array(1) [ 12.5 ]
 */
export async function runOnnx(
  network: OnnxNetwork,
  inputs: ReadonlyMap<string, NDArray>,
  options: RunOnnxOptions = {},
): Promise<Map<string, NDArray>> {
  const { graph } = network;
  const { outputs = graph.outputs, signal } = options;
  const backend = options.backend ?? (await defaultBackend(options.dtype ?? precisionOfInputs(network)));
  const dtype = precisionOf(backend, options.dtype);
  const known = inputsOf(graph, outputs).map(({ name }) => name);
  const unknown = [...inputs.keys()].find((name) => !graph.inputs.some((each) => each.name === name));
  if (unknown !== undefined) {
    throw new InputError(`${graph.source}: expected inputs ${known.join(', ')}, got ${unknown}`);
  }
  for (const each of graph.inputs) checkKind(each, inputs.get(each.name), graph.source);
  const feeds = new Map<Tensor, NDArray>();
  const leafOf = (name: string, value: NDArray): Tensor => {
    const leaf = input(name, value.shape, dtype);
    feeds.set(leaf, cast(value, dtype));
    return leaf;
  };
  const given = new Map([...inputs].map(([name, value]) => [name, leafOf(name, value)]));
  const variables = new Map<Parameter | Buffer, Tensor>();
  const variable = (each: Parameter | Buffer): Tensor => {
    const leaf = variables.get(each) ?? leafOf('variable', each.value);
    variables.set(each, leaf);
    return leaf;
  };
  const tensors = network.build(outputs, given, {
    dtype,
    mode: 'eval',
    parameter: variable,
    buffer: variable,
    observe: () => undefined,
  });
  const program = await Program.compile(tensors, { backend, signal });
  try {
    const available = availableBytes();
    if (program.peakBytes > available) {
      throw new BackendError(
        `${graph.source}: expected outputs that take at most ${available} bytes of memory, got ${program.peakBytes} needed`,
      );
    }
    await program.bind(feeds, signal);
    const values = await program.run(new Map(), signal);
    return new Map(outputs.map((name, i) => [name, values[i]]));
  } finally {
    program.dispose();
  }
}

/** The precision that the model's inputs have, float32 unless one is of double precision. */
function precisionOfInputs({ graph }: OnnxNetwork): DType | undefined {
  return graph.inputs.some(({ kind, dtype }) => kind === 'float' && dtype === 'float64') ? 'float64' : undefined;
}

/** Indices and masks are whole numbers, or 0 and 1, whatever array they come in. */
function checkKind({ name, kind }: OnnxInput, value: NDArray | undefined, source: string): void {
  if (value === undefined || kind === 'float') return;
  const fits = (each: number) => (kind === 'bool' ? each === 0 || each === 1 : Number.isInteger(each));
  const at = value.data.findIndex((each) => !fits(each));
  if (at < 0) return;
  const wanted = kind === 'bool' ? 'truth values, 0 or 1' : 'whole numbers';
  throw new InputError(`${source}: input ${name}: expected ${wanted}, got ${value.data[at]} at element ${at}`);
}
