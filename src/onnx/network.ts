import { Buffer, Module, Parameter, type Trace } from '../nn/index.ts';
import { formatShape, InputError, NtkitError, ShapeError, sizeOf, Tensor } from '../tensor/index.ts';
import type { OnnxGraph, OnnxInput, OnnxNode } from './model.ts';
import { operators } from './operators/index.ts';
import { Call, type Result } from './operators/operator.ts';
import { Value } from './value.ts';

/** Which output of a model a network has. */
export interface OnnxNetworkOptions {
  /** The name of an output; the first by default. */
  readonly output?: string;
}

/** The most numbers of one tensor: WebAssembly's memory holds no more. */
const MOST_ELEMENTS = 2 ** 30;

/** What the expression of a graph is built with: of a trace, what belongs to parameters and mode. */
export type Leaves = Pick<Trace, 'dtype' | 'mode' | 'parameter' | 'buffer' | 'observe'>;

/**
 * The graph of an ONNX file as a module. Its parameters are the floating initializers that the output depends on through
 * differentiable operators, under the file's names and in the file's layout; running statistics of batch normalisation
 * are buffers, and all else is constant. Batch normalisation follows the mode of the trace, and dropout is the identity.
 *
 * @example
 * const network = parseOnnx(onnx, 'model.onnx');
 * console.log(network instanceof OnnxNetwork, network.inputs[0].name, network.output); // true x y
 * console.log([...network.namedParameters().keys()]); // [ 'fc.weight', 'fc.bias' ]
 */
export class OnnxNetwork extends Module {
  readonly graph: OnnxGraph;
  /** The name of the output. */
  readonly output: string;
  readonly #parameters = new Map<string, Parameter>();
  readonly #buffers = new Map<string, Buffer>();

  /** @throws InputError when the graph has no such output. */
  constructor(graph: OnnxGraph, { output = graph.outputs[0] }: OnnxNetworkOptions = {}) {
    super();
    checkOutput(graph, output);
    this.graph = graph;
    this.output = output;
    const nodes = needed(graph, [output]);
    const statistics = new Set(
      nodes.flatMap(({ operator, inputs }) => (operator === 'BatchNormalization' ? inputs.slice(3, 5) : [])),
    );
    const differentiable = differentiableNames(nodes, output);
    for (const [name, array] of graph.initializers) {
      if (array.kind !== 'float') continue;
      if (differentiable.has(name)) {
        const parameter = this.parameter(name, new Parameter(array.shape));
        parameter.value = array;
        this.#parameters.set(name, parameter);
      } else if (statistics.has(name)) {
        this.#buffers.set(name, this.buffer(name, new Buffer(array.shape, array)));
      }
    }
  }

  /** The inputs that the output depends on. */
  get inputs(): readonly OnnxInput[] {
    return inputsOf(this.graph, [this.output]);
  }

  /** The expression of the output. @throws InputError when the output depends on another number of inputs than one. */
  protected override forward(x: Tensor, trace: Trace): Tensor {
    const { inputs } = this;
    if (inputs.length !== 1) {
      const names = inputs.map(({ name }) => name).join(', ');
      throw new InputError(`${this.graph.source}: expected a network of one input, got ${inputs.length}: ${names}`);
    }
    return this.build([this.output], new Map([[inputs[0].name, x]]), trace)[0];
  }

  /**
   * The expressions of outputs of the graph.
   *
   * @param given the tensors of the inputs, by name.
   * @throws InputError when there is no such output or an input is missing, ShapeError when one has another shape than the
   * file declares or does not fit.
   */
  build(outputs: readonly string[], given: ReadonlyMap<string, Tensor>, leaves: Leaves): Tensor[] {
    const { graph } = this;
    for (const output of outputs) checkOutput(graph, output);
    const values = new Map<string, Value>();
    for (const input of inputsOf(graph, outputs)) {
      const tensor = given.get(input.name);
      if (tensor === undefined)
        throw new InputError(`${graph.source}: input ${input.name}: expected a value, got none`);
      checkShape(input, tensor, graph.source);
      values.set(input.name, Value.of(tensor, input.kind));
    }
    const valueOf = (name: string): Value => {
      const value = values.get(name) ?? this.#initializer(name, leaves);
      if (value === undefined) throw new InputError(`${graph.source}: ${name}: its operator does not have this output`);
      values.set(name, value);
      return value;
    };
    const surroundings = {
      opset: graph.opset,
      mode: leaves.mode,
      observe: leaves.observe.bind(leaves),
      bufferOf: (name: string) => this.#buffers.get(name),
    };
    for (const node of needed(graph, outputs)) {
      const inputs = node.inputs.map((name) => (name === '' ? undefined : valueOf(name)));
      const isKnown = inputs.every((value) => value === undefined || value.isKnown);
      const call = new Call(node, inputs, isKnown ? 'float64' : leaves.dtype, surroundings);
      const results = resultsOf(call);
      node.outputs.forEach((name, i) => {
        if (name !== '' && results[i] !== undefined) values.set(name, valueFrom(results[i], isKnown, node.where));
      });
    }
    return outputs.map((name) => valueOf(name).in(leaves.dtype));
  }

  #initializer(name: string, leaves: Leaves): Value | undefined {
    const parameter = this.#parameters.get(name);
    if (parameter) return Value.of(leaves.parameter(parameter), 'float');
    const buffer = this.#buffers.get(name);
    if (buffer) return Value.of(leaves.buffer(buffer), 'float');
    const array = this.graph.initializers.get(name);
    return array && Value.array(array);
  }
}

/** @throws NtkitError that names the node. */
function resultsOf(call: Call): readonly Result[] {
  const { operator, where } = call.node;
  try {
    const built = operators.get(operator)!.build(call);
    return Array.isArray(built) ? (built as readonly Result[]) : [built as Result];
  } catch (error) {
    if (!(error instanceof NtkitError) || error.message.startsWith(where)) throw error;
    const Kind = error instanceof InputError ? InputError : ShapeError;
    throw new Kind(`${where}: ${error.message}`, { cause: error });
  }
}

function checkOutput({ source, outputs }: OnnxGraph, output: string): void {
  if (outputs.includes(output)) return;
  throw new InputError(`${source}: output: expected one of ${outputs.join(', ')}, got ${output}`);
}

/** The inputs that outputs depend on. */
export function inputsOf(graph: OnnxGraph, outputs: readonly string[]): OnnxInput[] {
  const read = new Set([...outputs, ...needed(graph, outputs).flatMap(({ inputs }) => inputs)]);
  return graph.inputs.filter(({ name }) => read.has(name));
}

/** @throws InputError when it would be enormous. */
function valueFrom(result: Result, isKnown: boolean, where: string): Value {
  const { tensor, kind } =
    result instanceof Value || result instanceof Tensor ? { tensor: result, kind: 'float' as const } : result;
  if (sizeOf(tensor.shape) > MOST_ELEMENTS) {
    throw new InputError(`${where}: expected at most ${MOST_ELEMENTS} numbers, got shape ${formatShape(tensor.shape)}`);
  }
  if (tensor instanceof Value) return tensor;
  return isKnown || (kind !== 'float' && tensor.dtype === 'float64')
    ? Value.known(tensor, kind, where)
    : Value.of(tensor, kind);
}

/** The nodes that outputs depend on, in order. */
function needed({ nodes }: OnnxGraph, names: readonly string[]): OnnxNode[] {
  const wanted = new Set(names);
  return nodes
    .toReversed()
    .filter(({ inputs, outputs }) => {
      if (!outputs.some((name) => wanted.has(name))) return false;
      for (const name of inputs) if (name !== '') wanted.add(name);
      return true;
    })
    .toReversed();
}

/** The names through which a derivative flows to the output. */
function differentiableNames(nodes: readonly OnnxNode[], output: string): Set<string> {
  const reached = new Set([output]);
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => reached.has(name)) || !isDifferentiable(node)) continue;
    const { fixed = [] } = operators.get(node.operator)!;
    node.inputs.forEach((name, i) => {
      if (name !== '' && fixed !== 'all' && !fixed.includes(i)) reached.add(name);
    });
  }
  return reached;
}

/** A conversion to whole numbers has no derivative. */
function isDifferentiable({ operator, attributes }: OnnxNode): boolean {
  return operator !== 'Cast' || [1, 10, 11, 16].includes(attributes.int('to', 1));
}

function checkShape({ name, shape }: OnnxInput, tensor: Tensor, source: string): void {
  if (shape === undefined) return;
  const fits =
    shape.length === tensor.rank &&
    shape.every((extent, i) => typeof extent === 'string' || extent === tensor.shape[i]);
  if (fits) return;
  throw new ShapeError(
    `${source}: input ${name}: expected shape [${shape.join(', ')}], got ${formatShape(tensor.shape)}`,
  );
}
