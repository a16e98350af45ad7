import { decodeNpy } from '../data/index.ts';
import { type Module, parseSafetensors } from '../nn/index.ts';
import { loadOnnx, readBytes } from '../node/index.ts';
import { formatCount, textTable } from '../report/index.ts';
import { networkCost } from '../search/index.ts';
import { formatShape, InputError, type Shape, sizeOf } from '../tensor/index.ts';
import type * as commands from './commands.ts';
import { isOnnx } from './networkFile.ts';
import type { OptionsOf } from './options.ts';
import { print, printJson, terminalWidth } from './output.ts';

/** Options of `ntkit inspect`. */
type Options = OptionsOf<typeof commands.inspect>;

/** A named array, as it is listed. */
interface Entry {
  readonly name: string;
  readonly shape: Shape;
}

/** `ntkit inspect FILE`: what is in a file. */
export async function inspectCommand(path: string, { json }: Options): Promise<void> {
  const { found, text } = await inspect(path);
  if (json) printJson(found);
  else print(text);
}

interface Inspection {
  readonly found: object;
  readonly text: string;
}

function inspect(path: string): Promise<Inspection> {
  if (isOnnx(path)) return inspectOnnx(path);
  if (path.endsWith('.safetensors')) return inspectSafetensors(path);
  if (/\.npy(\.gz)?$/.test(path)) return inspectNpy(path);
  throw new InputError(`${path}: expected a file named .onnx, .safetensors or .npy`);
}

async function inspectOnnx(path: string): Promise<Inspection> {
  const network = await loadOnnx(path);
  const { opset, nodes, inputs, outputs } = network.graph;
  const operators = new Map<string, number>();
  for (const { operator } of nodes) operators.set(operator, (operators.get(operator) ?? 0) + 1);
  const counted = [...operators].sort(([a], [b]) => (a < b ? -1 : 1));
  const parameters = entriesOf(network.namedParameters());
  const buffers = entriesOf(network.namedBuffers());
  const total = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const flops = flopsOf(network, inputs[0]?.shape);
  const found = {
    format: 'onnx',
    opset,
    inputs: inputs.map(({ name, kind, shape }) => ({ name, kind, shape: shape ?? null })),
    outputs,
    operators: Object.fromEntries(counted),
    parameters,
    buffers,
    parametersTotal: total,
    flops: flops ?? null,
  };
  const text = [
    `ONNX model, operator set ${opset}`,
    `inputs: ${inputs.map(({ name, shape }) => `${name} [${shape?.join(', ') ?? '…'}]`).join('; ')}`,
    `outputs: ${outputs.join(', ')}`,
    `operators: ${counted.map(([name, count]) => `${name} ×${count}`).join(', ')}`,
    `FLOPs of a sample: ${flops === undefined ? 'not known, its shape is open' : formatCount(flops)}`,
    `parameters: ${formatCount(total)} numbers`,
    tableOf(parameters),
  ];
  return { found, text: text.join('\n') };
}

/** FLOPs of one sample, where the file says its shape. */
function flopsOf(network: Module, shape: readonly (number | string)[] | undefined): number | undefined {
  const sample = shape?.slice(1);
  return sample?.every((extent) => typeof extent === 'number') ? networkCost(network, sample).flops : undefined;
}

async function inspectSafetensors(path: string): Promise<Inspection> {
  const { metadata, tensors } = parseSafetensors((await readBytes('safetensors', path)).bytes, path);
  const entries = entriesOf(tensors);
  const text = [
    `safetensors, ${tensors.size} tensors`,
    ...Object.entries(metadata).map(
      ([key, value]) => `${key}: ${value.length > 60 ? `${value.slice(0, 60)}…` : value}`,
    ),
    tableOf(entries),
  ];
  return { found: { format: 'safetensors', metadata, tensors: entries }, text: text.join('\n') };
}

async function inspectNpy(path: string): Promise<Inspection> {
  const { shape, dtype } = decodeNpy(await readBytes('npy', path));
  return { found: { format: 'npy', shape, dtype }, text: `NPY array of ${dtype}, shape ${formatShape(shape)}` };
}

function entriesOf(named: ReadonlyMap<string, { readonly shape: Shape }>): Entry[] {
  return [...named].map(([name, { shape }]) => ({ name, shape }));
}

function tableOf(entries: readonly Entry[]): string {
  const columns = [{ head: 'name' }, { head: 'shape' }, { head: 'numbers', align: 'right' }] as const;
  const rows = entries.map(({ name, shape }) => [name, formatShape(shape), formatCount(sizeOf(shape))]);
  return textTable(columns, rows, { width: terminalWidth() });
}
