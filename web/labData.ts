import { readFile } from 'node:fs/promises';
import type { Plugin } from 'vite';
import { cellAt, cellDigits, AccuracyTable } from '../src/search/index.ts';
import { encodeSafetensors, parseGenotype, parseSafetensors } from '../src/nn/index.ts';
import { decodeResiduals } from '../src/node/residuals.ts';
import { parseCsv } from '../src/search/csv.ts';

// The laboratory's data, made from what is in the repository when the page is built: each file holds only what the page
// needs.

const file = (path: string) => readFile(new URL(`../${path}`, import.meta.url));

/** How many images the page has: those of the command's data source `sample`. */
const IMAGES = 256;

/** The first images in CIFAR-10's binary format. */
async function images(): Promise<Uint8Array> {
  return decodeResiduals(await file('assets/cifar10-1000.residuals'), IMAGES);
}

/**
 * For each of the 15,625 cells, in the order of `cellAt`: the benchmark's number, then the accuracies on CIFAR-10,
 * CIFAR-100 and ImageNet16-120 in hundredths of a percent, each a little-endian uint16.
 */
async function accuracies(): Promise<Uint8Array> {
  const table = AccuracyTable.parse((await file('assets/nas-bench-201-test-accuracy.csv')).toString(), 'accuracies');
  const count = 5 ** 6;
  const view = new DataView(new ArrayBuffer(count * 8));
  for (let cell = 0; cell < count; cell++) {
    const { index, cifar10, cifar100, 'imagenet16-120': imagenet } = table.of(cellAt(cell));
    const row = [index, ...[cifar10, cifar100, imagenet].map((percent) => Math.round(100 * percent))];
    row.forEach((value, k) => view.setUint16(8 * cell + 2 * k, value, true));
  }
  return new Uint8Array(view.buffer);
}

/** κ of the 1,000 cells that were swept: their operations as digits, and the mean of three draws. */
async function sweep(): Promise<Uint8Array> {
  const { columns, rows } = parseCsv((await file('docs/sweep/random-1000.csv')).toString(), 'sweep');
  const lines = rows.map(({ fields }) => {
    const kappa = Number(fields[columns.indexOf('kappa')]);
    const digits = cellDigits(parseGenotype(fields[columns.indexOf('architecture')]));
    return `${digits},${Number.isFinite(kappa) ? kappa.toPrecision(5) : ''}`;
  });
  return new TextEncoder().encode(`ops,kappa\n${lines.join('\n')}\n`);
}

/** A case without the figures that tests compare. */
async function withoutFigures(path: string): Promise<Uint8Array> {
  const { tensors, metadata } = parseSafetensors(await file(path), path);
  const { name, config, mode } = metadata;
  const kept = new Map([...tensors].filter(([key]) => !key.startsWith('expected.')));
  return encodeSafetensors({ tensors: kept, metadata: { name, config, mode } });
}

const model = (name: string) => () => file(`test/onnx/models/${name}.onnx`);

/** Networks to begin with. */
const NETWORKS: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  ...Object.fromEntries(
    ['resnet-bn', 'vit', 'mobilenet-v2', 'upsample'].map((name) => [`data/networks/${name}.onnx`, model(name)]),
  ),
  'data/networks/nb201-arch-00-train.safetensors': () => withoutFigures('test/golden/nb201-arch-00-train.safetensors'),
};

const FILES: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  ...NETWORKS,
  'data/cifar10-256.bin': images,
  'data/accuracies.bin': accuracies,
  'data/sweep.csv': sweep,
};

/** Emits the data files beside the page, and serves them in development. */
export function labData(): Plugin {
  return {
    name: 'lab-data',
    async generateBundle() {
      for (const [fileName, make] of Object.entries(FILES)) {
        this.emitFile({ type: 'asset', fileName, source: await make() });
      }
    },
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const name = Object.keys(FILES).find((each) => request.url === `/${each}`);
        if (name === undefined) return next();
        FILES[name]().then((bytes) => response.end(bytes), next);
      });
    },
  };
}
