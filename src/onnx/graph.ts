import type { NodeProto, ValueInfoProto } from 'onnx-buf';
import { InputError } from '../tensor/index.ts';
import { elementType, readArray } from './arrays.ts';
import { NodeAttributes } from './attributes.ts';
import { checkNode } from './checkNode.ts';
import { decodeModel } from './file.ts';
import type { ExternalData, OnnxArray, OnnxGraph, OnnxInput, OnnxNode } from './model.ts';

/**
 * Reads a model file as a graph, and makes sure that every step can be computed after those before it.
 *
 * @param operators the supported operators.
 * @throws InputError when the file is no model, uses an unsupported operator (all nodes of such operators are named),
 * or a step reads what nothing before it gives.
 */
export function readGraph(
  bytes: Uint8Array,
  source: string,
  external: ExternalData,
  operators: ReadonlySet<string>,
): OnnxGraph {
  const { graph, opset } = decodeModel(bytes, source);
  const sparse = graph.sparseInitializer[0];
  if (sparse)
    throw new InputError(`${source}: initializer ${sparse.values?.name}: expected a dense one, got a sparse one`);
  refuseUnknown(graph.node, source, operators);
  const initializers = new Map(
    graph.initializer.map((tensor) => [
      tensor.name,
      readArray(tensor, `${source}: initializer ${tensor.name}`, external),
    ]),
  );
  const steps = graph.node.filter((node) => !takeCopy(node, initializers));
  const nodes = steps.map((node): OnnxNode => {
    const where = `${source}: ${describe(node)}`;
    checkNode(node, opset, where);
    const attributes = new NodeAttributes(node.attribute, where, external);
    return { operator: node.opType, where, inputs: node.input, outputs: node.output, attributes };
  });
  const inputs = graph.input
    .filter(({ name }) => !initializers.has(name))
    .map((info) => inputOf(info, `${source}: input ${info.name}`));
  const outputs = graph.output.map(({ name }) => name);
  checkOrder(nodes, new Set([...initializers.keys(), ...inputs.map(({ name }) => name)]), outputs, source);
  return { source, opset, nodes, initializers, inputs, outputs };
}

/** A parameter's name in PyTorch; what its exporter names by itself begins with `/` or a digit, or has `::`. */
const PARAMETER_NAME = /^[A-Za-z_]\w*(\.\w+)*$/;

/**
 * PyTorch's exporter writes parameters of equal values once, and the others as its `Identity` under their own names: γ of
 * every batch norm in a new network, e.g. They are parameters of their own, and become initializers again. What is shared
 * in PyTorch is one initializer with several readers.
 */
function takeCopy({ opType, domain, input, output }: NodeProto, initializers: Map<string, OnnxArray>): boolean {
  const isIdentity = opType === 'Identity' && domain === '' && input.length === 1 && output.length === 1;
  const array = isIdentity && PARAMETER_NAME.test(output[0]) ? initializers.get(input[0]) : undefined;
  if (array?.kind !== 'float' || initializers.has(output[0])) return false;
  initializers.set(output[0], array);
  return true;
}

const describe = ({ opType, name, output }: NodeProto) => `${opType} ${name || `of ${output[0] ?? 'nothing'}`}`;

function refuseUnknown(nodes: readonly NodeProto[], source: string, operators: ReadonlySet<string>): void {
  const known = ({ domain, opType }: NodeProto) => (domain === '' || domain === 'ai.onnx') && operators.has(opType);
  const missing = nodes.filter((node) => !known(node));
  if (missing.length === 0) return;
  const kinds = new Map<string, string[]>();
  for (const node of missing) {
    const kind = node.domain && node.domain !== 'ai.onnx' ? `${node.domain}.${node.opType}` : node.opType;
    kinds.set(kind, [...(kinds.get(kind) ?? []), node.name || node.output[0] || 'unnamed']);
  }
  const list = [...kinds].map(([kind, names]) => `${kind} (${names.join(', ')})`);
  throw new InputError(`${source}: operators that ntkit does not have: ${list.join('; ')}`);
}

function inputOf({ name, type }: ValueInfoProto, where: string): OnnxInput {
  if (type?.value.case !== 'tensorType') {
    throw new InputError(`${where}: expected a tensor, got ${type?.value.case ?? 'no type'}`);
  }
  const { elemType, shape } = type.value.value;
  const { kind, dtype } = elementType(elemType, where);
  const extents = shape?.dim.map(({ value }, i) =>
    value.case === 'dimValue' ? Number(value.value) : (value.value ?? `dim ${i}`),
  );
  return { name, kind, dtype, shape: extents };
}

function checkOrder(nodes: readonly OnnxNode[], given: Set<string>, outputs: readonly string[], source: string): void {
  const later = new Set(nodes.flatMap((node) => node.outputs));
  for (const node of nodes) {
    const absent = node.inputs.find((name) => name !== '' && !given.has(name));
    if (absent !== undefined) {
      const why = later.has(absent) ? 'a later node gives: the graph has a cycle, or is out of order' : 'nothing gives';
      throw new InputError(`${node.where}: reads ${JSON.stringify(absent)}, which ${why}`);
    }
    for (const name of node.outputs) {
      if (name !== '' && given.has(name)) {
        throw new InputError(`${node.where}: expected a new name, got ${JSON.stringify(name)} a second time`);
      }
      given.add(name);
    }
  }
  const absent = outputs.find((name) => !given.has(name));
  if (absent !== undefined) throw new InputError(`${source}: output ${JSON.stringify(absent)}: no node computes it`);
}
