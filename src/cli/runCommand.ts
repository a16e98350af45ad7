import { encodeNpy } from '../data/index.ts';
import { loadOnnx } from '../node/index.ts';
import { type OnnxNetwork, runOnnx } from '../onnx/index.ts';
import { format, textTable } from '../report/index.ts';
import { formatShape, InputError, type NDArray } from '../tensor/index.ts';
import { withBackend } from './backend.ts';
import type * as commands from './commands.ts';
import { readNpy } from './npyFile.ts';
import type { OptionsOf } from './options.ts';
import { checkWritable, print, printJson, terminalWidth, writeOutput } from './output.ts';

/** Options of `ntkit run`. */
type Options = OptionsOf<typeof commands.run>;

/** `ntkit run MODEL.onnx --input NAME=FILE.npy`: the outputs of a model. One of double precision is computed in it. */
export async function runCommand(path: string, options: Options, signal: AbortSignal): Promise<void> {
  if (options.out !== undefined) await checkWritable(options.out, '--out');
  const network = await loadOnnx(path);
  const outputs = options.output.length > 0 ? options.output : network.graph.outputs;
  if (options.out !== undefined && outputs.length !== 1) {
    throw new InputError(`--out ${options.out}: expected one output, chosen by --output, got ${outputs.join(', ')}`);
  }
  const inputs = await readInputs(network, path, options.input);
  const wide = network.graph.inputs.some(({ kind, dtype }) => kind === 'float' && dtype === 'float64');
  const dtype = options.dtype ?? (wide && options.backend !== 'gpu' ? ('float64' as const) : undefined);
  await withBackend({ ...options, ...(dtype && { dtype }) }, async ({ backend, dtype }) => {
    await report(await runOnnx(network, inputs, { outputs, backend, dtype, signal }), options);
  });
}

async function report(values: ReadonlyMap<string, NDArray>, { out, json }: Options): Promise<void> {
  if (out !== undefined) {
    const [{ shape, data }] = values.values();
    await writeOutput(out, encodeNpy({ shape, data }));
  }
  if (json) {
    const entries = [...values].map(([name, { shape, data }]) => [name, { shape, data: [...data] }] as const);
    printJson({ outputs: Object.fromEntries(entries) });
  } else if (out === undefined) {
    print(textTable(COLUMNS, [...values].map(rowOf), { width: terminalWidth() }));
  }
}

const COLUMNS = [
  { head: 'output' },
  { head: 'shape' },
  { head: 'least', align: 'right' },
  { head: 'largest', align: 'right' },
  { head: 'first values', spare: 1 },
] as const;

function rowOf([name, { shape, data }]: readonly [string, NDArray]): string[] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const first = [...data.subarray(0, 4)].map(format);
  return [name, formatShape(shape), format(low), format(high), `${first.join(', ')}${data.length > 4 ? ', …' : ''}`];
}

/** The arrays of `NAME=FILE` arguments. */
async function readInputs(
  { graph }: OnnxNetwork,
  path: string,
  given: readonly string[],
): Promise<ReadonlyMap<string, NDArray>> {
  const names = graph.inputs.map(({ name }) => name);
  const inputs = new Map<string, NDArray>();
  for (const text of given) {
    const named = names.find((name) => text.startsWith(`${name}=`));
    if (named === undefined && (names.length !== 1 || text.includes('='))) {
      throw new InputError(`--input ${text}: expected NAME=FILE.npy with a name of ${names.join(', ')}`);
    }
    const name = named ?? names[0];
    if (inputs.has(name)) throw new InputError(`--input ${text}: ${name} is given a second time`);
    inputs.set(name, await readNpy(named === undefined ? text : text.slice(name.length + 1)));
  }
  const missing = names.find((name) => !inputs.has(name));
  if (missing !== undefined)
    throw new InputError(`${path}: input ${missing}: expected --input ${missing}=FILE.npy, got none`);
  return inputs;
}
