import { type Mode, type Module, parseCase, Trace } from 'ntkit/nn';
import { groupOf, type ParameterChoice } from 'ntkit/ntk';
import { OnnxNetwork, parseOnnx } from 'ntkit/onnx';
import { formatCount } from 'ntkit/report';
import { networkCost } from 'ntkit/search';
import { dependents, InputError, type NDArray, type Shape, sizeOf, topologicalOrder } from 'ntkit/tensor';
import type { Inventory, LayerView, NetworkFiles } from './request.ts';

// A file as a network, and what is in it.

/** A network that was read. */
export interface OpenNetwork {
  readonly file: string;
  readonly network: Module;
  /** The mode that the file asks for. */
  readonly mode: Mode;
  /** The batch that the file holds. */
  readonly input: NDArray | undefined;
  /** The shape of one sample, where the file says it. */
  readonly sample: Shape | undefined;
  /** What else makes a case: its name and its configuration. */
  readonly metadata?: { readonly name: string; readonly config: string };
}

/** The choice of parameters that a text names: `weight`, `all` or `/REGEX/`. */
export function choiceOf(parameters: string): ParameterChoice {
  if (parameters === 'weight' || parameters === 'all') return parameters;
  return new RegExp(parameters.slice(1, -1));
}

/**
 * Reads a network: a case, by its ending, else an ONNX model, whose weights may lie in files beside it.
 *
 * @throws InputError when it is neither, is damaged, or uses an unsupported operator.
 */
export function readNetwork({ name, bytes, beside }: NetworkFiles): OpenNetwork {
  if (name.toLowerCase().endsWith('.safetensors')) {
    const { network, mode, input, name: called, metadata } = parseCase(bytes, name);
    const { config } = metadata;
    return { file: name, network, mode, input, sample: input.shape.slice(1), metadata: { name: called, config } };
  }
  const base = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  const network = parseOnnx(bytes, name, {
    externalData: (location) => beside.find((file) => file.name === base(location))?.bytes,
  });
  const { inputs } = network;
  if (inputs.length !== 1) {
    const names = inputs.map((input) => input.name).join(', ');
    throw new InputError(`${name}: expected a network of one input, got ${inputs.length}${names && `: ${names}`}`);
  }
  const shape = inputs[0].shape?.slice(1);
  const sample = shape?.every((extent) => typeof extent === 'number') ? shape : undefined;
  return { file: name, network, mode: 'eval', input: undefined, sample };
}

/** What is in a file, for a table. */
export function inventoryOf(open: OpenNetwork, bytes: number, opened: number): Inventory {
  const { network, sample, input, mode, file } = open;
  const layers = layersOf(network);
  const parameters = layers.reduce((sum, { numbers }) => sum + numbers, 0);
  const weights = [...network.namedParameters()]
    .filter(([name]) => name.includes('weight'))
    .reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
  const traced = sample && tracedFacts(network, sample);
  const isOnnx = network instanceof OnnxNetwork;
  const given = isOnnx ? network.inputs[0] : undefined;
  const facts: [string, string][] = [
    ['format', isOnnx ? `ONNX, operator set ${network.graph.opset}` : 'case (safetensors)'],
    ['input', given?.shape ? `${given.name} [${given.shape.join(', ')}]` : `[N, ${sample?.join(', ') ?? '…'}]`],
    ...(isOnnx ? [['output', network.output] as [string, string]] : []),
    ['parameters', formatCount(parameters)],
    ['of them weights (by name)', formatCount(weights)],
    ...(traced
      ? ([
          ['outputs per sample', formatCount(traced.outputs)],
          ['FLOPs per sample', formatCount(networkCost(network, sample).flops)],
          ['kinks', traced.kinks],
        ] as [string, string][])
      : []),
    ...(isOnnx ? [['operators', operatorsOf(network)] as [string, string]] : []),
    ...(input ? [['batch in the file', `${input.shape[0]} samples`] as [string, string]] : []),
  ];
  return {
    ...{ opened, file, bytes, facts, layers, parameters, weights, sample, mode },
    format: isOnnx ? 'ONNX model' : 'case',
    ownBatch: input?.shape[0] ?? 0,
    outputs: traced?.outputs,
  };
}

function operatorsOf({ graph }: OnnxNetwork): string {
  const counts = new Map<string, number>();
  for (const { operator } of graph.nodes) counts.set(operator, (counts.get(operator) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => (count === 1 ? name : `${name} ×${count}`))
    .join(', ');
}

function layersOf(network: Module): LayerView[] {
  const layers = new Map<string, { name: string; tensors: LayerView['tensors'][number][]; numbers: number }>();
  for (const [name, { shape }] of network.namedParameters()) {
    const key = groupOf(name, 'layer');
    const layer = layers.get(key) ?? { name: key, tensors: [], numbers: 0 };
    layers.set(key, layer);
    layer.tensors.push({ name: name === key ? name : name.slice(key.length + 1), shape });
    layer.numbers += sizeOf(shape);
  }
  return [...layers.values()];
}

/** The names of functions that are not differentiable everywhere. */
export const KINKS: Readonly<Record<string, string>> = {
  ...{ relu: 'ReLU', leakyRelu: 'leaky ReLU', elu: 'ELU', abs: '|x|', hardtanh: 'clipping', clip: 'clipping' },
  ...{ hardswish: 'Hardswish', hardsigmoid: 'hard sigmoid', maxPoolIndex: 'max pooling' },
  ...{ maximum: 'maximum', minimum: 'minimum' },
};

/** What only the expression of a forward pass shows. @throws what a sample of this shape comes to */
function tracedFacts(network: Module, sample: Shape): { readonly outputs: number; readonly kinks: string } {
  const { x, y } = new Trace(network, [1, ...sample], { mode: 'eval' });
  const order = topologicalOrder([y]);
  const onInput = dependents(order, [x]);
  const counts = new Map<string, { layers: number; units: number }>();
  for (const { op, operands } of order) {
    const name = op.kind === 'primitive' ? KINKS[op.primitive] : undefined;
    if (name === undefined || !onInput.has(operands[0])) continue;
    const before = counts.get(name) ?? { layers: 0, units: 0 };
    counts.set(name, { layers: before.layers + 1, units: before.units + sizeOf(operands[0].shape) });
  }
  const told = [...counts].map(
    ([name, { layers, units }]) =>
      `${name} in ${layers} ${layers === 1 ? 'place' : 'places'}, of ${formatCount(units)} inputs`,
  );
  return { outputs: sizeOf(y.shape), kinks: told.length === 0 ? 'none' : told.join('; ') };
}
