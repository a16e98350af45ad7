import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import {
  decodeIdx,
  decodeNpy,
  decodeNpz,
  encodeNpy,
  npzNames,
  parseCifar10,
  parseCifar100,
  parseIdx,
  parseNpy,
  parseNpz,
} from '../../src/data/index.ts';
import {
  buildNetwork,
  encodeSafetensors,
  initialize,
  NAS_BENCH_201_SPACE,
  parseCase,
  parseGenotype,
  parseSafetensors,
  pytorchDefault,
  stateDict,
} from '../../src/nn/index.ts';
import { decodeResiduals, encodeResiduals } from '../../src/node/residuals.ts';
import { type Leaves, parseOnnx } from '../../src/onnx/index.ts';
import {
  AccuracyTable,
  formatRow,
  formatSearch,
  headerLine,
  parseRow,
  parseSearch,
  parseSweepSettings,
  parseSweepTable,
  Search,
  type SearchSettings,
} from '../../src/search/index.ts';
import { Generator, input, InputError, ndarray, type Shape } from '../../src/tensor/index.ts';

/** The file name that readers are given. */
export const FILE = 'the-file';

/** A format that ntkit reads, with valid files. */
export interface Reader {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  /** How many times as long a file takes as others; 1 by default. */
  readonly cost?: number;
  /** Reads a whole file, or throws an error that says what is wrong. */
  readonly read: (bytes: Uint8Array) => unknown;
}

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const file = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, import.meta.url)));
const json = (path: string): unknown => JSON.parse(decode(file(path)));
const named = (bytes: Uint8Array) => ({ name: FILE, bytes });

/** A sample, unpacked and packed. */
const packed = (bytes: Uint8Array) => [bytes, new Uint8Array(gzipSync(bytes))];

const generator = new Generator(0);
const normals = (...shape: number[]) => generator.normals(shape, { dtype: 'float32' });
const noise = (length: number) => Uint8Array.from({ length }, () => generator.integer(256));

const cell = '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|';
const supernet = { name: 'DARTS-V1', C: 1, N: 1, max_nodes: 4, num_classes: 10, space: [...NAS_BENCH_201_SPACE] };
const tiny = { name: 'infer.tiny', C: 4, N: 1, arch_str: cell, num_classes: 10 };

function caseOf(config: typeof supernet | typeof tiny, channels: number): Uint8Array {
  const network = buildNetwork(config);
  initialize(network, pytorchDefault, generator);
  const state = [...stateDict(network)].map(([name, value]) => [`state.${name}`, value] as const);
  const metadata = { name: 'x', mode: 'train', config: JSON.stringify(config) };
  return encodeSafetensors({ metadata, tensors: new Map([['input', normals(2, channels, 8, 8)], ...state]) });
}

const numpyFiles = Object.entries(json('../data/numpy_files.json') as Record<string, { base64: string }>);
const numpy = (isChosen: (name: string) => boolean) =>
  numpyFiles
    .filter(([name]) => isChosen(name) && !/^(refused|pickle)|odd$/.test(name))
    .map(([, { base64 }]) => new Uint8Array(Buffer.from(base64, 'base64')));

const onnxModels = (json('../onnx/operator_cases.json') as { operator: string; model: string }[])
  .filter((each, i, all) => all.findIndex(({ operator }) => operator === each.operator) === i)
  .map(({ model }) => new Uint8Array(Buffer.from(model, 'base64')));

const leaf = ({ shape }: { readonly shape: Shape }) => input('variable', shape, 'float32');
const leaves: Leaves = { dtype: 'float32', mode: 'train', parameter: leaf, buffer: leaf, observe: () => undefined };

/** The model, and its expressions for inputs of the shapes that it declares. */
function readOnnx(bytes: Uint8Array): void {
  const network = parseOnnx(bytes, FILE);
  const { inputs, outputs } = network.graph;
  const given = inputs.flatMap(({ name, shape }) => {
    const extents = shape?.map((extent) => (typeof extent === 'number' ? extent : 1));
    return extents?.every((extent) => extent >= 0) ? [[name, leaf({ shape: extents })] as const] : [];
  });
  network.build(outputs, new Map(given), leaves);
}

const settings: SearchSettings = {
  ...{ space: 'nas-bench-201', fidelity: 'paper', criteria: 'both', paired: true, seed: 0, data: 'synthetic' },
  ...{ classes: 10, batchSize: 2, repeats: 1, pruneNumber: 1, digits: 3, regions: { batches: 2, samples: 20 } },
  ...{ backend: 'reference', dtype: 'float64' },
};

function searchText(): string {
  const search = new Search(settings);
  const measurement = {
    kappa: { lambdaMin: 1, lambdaMax: 2, noiseFloor: 1e-9, verdict: 'resolved' as const },
    regions: 7,
  };
  search.record({ before: [measurement] });
  for (let i = 0; i < 10; i++) search.record({ after: [measurement] });
  return formatSearch(search);
}

const sweepSettings = {
  ...{ data: 'synthetic', channels: 1, cells: 1, classes: 10, batchSize: 2, repeats: 1, mode: 'train' },
  ...{ init: 'paper', seed: 0, regions: { batches: 1, samples: 10 }, backend: 'reference', dtype: 'float64' },
};
const row = formatRow(
  parseGenotype(cell),
  { parameters: 100, flops: 2000 },
  { kappas: [{ lambdaMin: 1, lambdaMax: 2.5, noiseFloor: 1e-9, verdict: 'resolved' }], regions: [7] },
);

/** Reads a file without requiring more, e.g. an array that need not be images. */
function attempt(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}

/** Every format that ntkit reads. */
export const readers: readonly Reader[] = [
  {
    name: 'safetensors',
    samples: [
      encodeSafetensors({ metadata: { name: 'x' }, tensors: new Map([['a', normals(2, 3)], ['b', ndarray([1, 2], [2])]]) }), // prettier-ignore
    ],
    read: (bytes) => [...parseSafetensors(bytes, FILE).tensors.values()].map(({ data }) => data.at(0)),
  },
  { name: 'case', samples: [caseOf(supernet, 1), caseOf(tiny, 3)], read: (bytes) => parseCase(bytes, FILE) },
  {
    name: 'onnx',
    samples: [...onnxModels, ...['branches', 'upsample', 'vit'].map((name) => file(`../onnx/models/${name}.onnx`))],
    read: readOnnx,
  },
  {
    name: 'npy',
    samples: [...numpy((name) => !name.startsWith('npz')), ...packed(encodeNpy(normals(4, 3, 2, 2)))],
    read(bytes) {
      attempt(() => parseNpy(named(bytes)));
      decodeNpy(named(bytes));
    },
  },
  {
    name: 'npz',
    samples: numpy((name) => name.startsWith('npz')),
    read(bytes) {
      attempt(() => parseNpz(named(bytes)));
      for (const name of npzNames(named(bytes))) decodeNpz(named(bytes), name);
    },
  },
  {
    name: 'idx',
    samples: packed(Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, ...noise(24))),
    read(bytes) {
      decodeIdx(named(bytes));
      parseIdx(named(bytes));
    },
  },
  {
    name: 'cifar10',
    samples: [Uint8Array.of(3, ...noise(3072), 9, ...noise(3072)), ...packed(Uint8Array.of(3, ...noise(3072)))],
    read: (bytes) => parseCifar10([named(bytes)]),
  },
  {
    name: 'cifar100',
    samples: packed(Uint8Array.of(3, 40, ...noise(3072))),
    read: (bytes) => parseCifar100([named(bytes)]),
  },
  {
    name: 'residuals',
    samples: [encodeResiduals(Uint8Array.of(3, ...noise(3072), 9, ...noise(3072)))],
    read: (bytes) => parseCifar10([named(decodeResiduals(bytes, undefined, FILE))]),
  },
  {
    name: 'sweep table',
    samples: [
      encode(`${headerLine(1)}\n${row}\n${row.replace('|none~0|', '|skip_connect~0|')}\n`),
      encode(`architecture;kappa;regions\n"${cell}";1.5;7\n`),
      encode(`\ufeffarchitecture,kappa\r\n"${cell}",1e9\r\n`),
    ],
    read: (bytes) => parseSweepTable(decode(bytes), FILE),
  },
  {
    name: 'sweep row',
    samples: [encode(row)],
    read: (bytes) =>
      parseRow(decode(bytes), { repeats: 1, regions: { batches: 1, samples: 10 } }, { table: FILE, line: 1 }),
  },
  {
    name: 'sweep settings',
    samples: [encode(JSON.stringify(sweepSettings))],
    read: (bytes) => parseSweepSettings(decode(bytes), FILE),
  },
  {
    name: 'search',
    samples: [encode(searchText())],
    read: (bytes) => parseSearch(decode(bytes), settings, FILE),
  },
  {
    name: 'accuracies',
    cost: 40, // all cells of a benchmark, or none are read
    samples: [file('../../assets/nas-bench-201-test-accuracy.csv')],
    read: (bytes) => AccuracyTable.parse(decode(bytes), FILE),
  },
];
