import type { Buffer, Parameter } from '../nn/index.ts';
import {
  type Backend,
  cast,
  defaultBackend,
  type DType,
  evaluate,
  input,
  InputError,
  type NDArray,
  precisionOf,
  type Tensor,
} from '../tensor/index.ts';
import { inputsOf, type OnnxNetwork } from './network.ts';

/** How a model is run. */
export interface RunOnnxOptions {
  /** Names of outputs; all by default. */
  readonly outputs?: readonly string[];
  /** Where it is computed; `defaultBackend` by default. */
  readonly backend?: Backend;
  /** The backend's own precision by default. */
  readonly dtype?: DType;
}

/**
 * The outputs of a model for given inputs, in eval mode: what the file computes.
 *
 * @param inputs arrays by the names of the graph's inputs.
 * @returns arrays by the names of outputs.
 * @throws InputError when an input is missing or unknown, ShapeError when one does not fit.
 *
 * @example
 * const outputs = await runOnnx(parseOnnx(bytes, 'model.onnx'), new Map([['images', images]]));
 */
export async function runOnnx(
  network: OnnxNetwork,
  inputs: ReadonlyMap<string, NDArray>,
  options: RunOnnxOptions = {},
): Promise<Map<string, NDArray>> {
  const { graph } = network;
  const { outputs = graph.outputs } = options;
  const backend = options.backend ?? (await defaultBackend(options.dtype));
  const dtype = precisionOf(backend, options.dtype);
  const known = inputsOf(graph, outputs).map(({ name }) => name);
  const unknown = [...inputs.keys()].find((name) => !graph.inputs.some((each) => each.name === name));
  if (unknown !== undefined) {
    throw new InputError(`${graph.source}: expected inputs ${known.join(', ')}, got ${unknown}`);
  }
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
  const values = await evaluate(tensors, feeds, backend);
  return new Map(outputs.map((name, i) => [name, values[i]]));
}
