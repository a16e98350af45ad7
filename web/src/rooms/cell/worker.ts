import * as Comlink from 'comlink';
import type { Dataset } from 'ntkit/data';
import { cellNetwork, initialize, parseGenotype, TE_NAS_SCHEMES } from 'ntkit/nn';
import { certify, contributions, JacobianProgram, ntkOf } from 'ntkit/ntk';
import { type Backend, Generator, gpuBackend, wasmBackend } from 'ntkit/tensor';
import { Newest } from '../../newest.ts';
import { batchOf, datasetOf, loadSample } from './images.ts';
import type { BackendName, Details, Request, Result } from './request.ts';

const TE_NAS = { outputs: 'sum', parameters: 'weight' } as const;

const newest = new Map<number, Newest>();
const backends = new Map<BackendName, Promise<Backend>>();
let sample: Promise<Dataset> | undefined;
let own: Dataset | undefined;

async function openBackend(name: BackendName): Promise<Backend> {
  if (name === 'wasm') return wasmBackend();
  return gpuBackend({ mode: name, gpujs: await import('gpu.js') });
}

/** A backend that is open already, or is opened; one that fails may be tried again. */
function backendOf(name: BackendName): Promise<Backend> {
  let backend = backends.get(name);
  if (backend === undefined) {
    backend = openBackend(name);
    backends.set(name, backend);
    backend.catch(() => backends.delete(name));
  }
  return backend;
}

async function compute(
  request: Request,
  onResult: (result: Result) => unknown,
  onDetails: (details: Details) => unknown,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  const { channels, cells, batch, seed, init, mode } = request;
  const [backend, dataset] = await Promise.all([backendOf(request.backend), own ?? sample!]);
  signal.throwIfAborted();
  const { images, view } = batchOf(dataset, batch, seed);
  const network = cellNetwork(parseGenotype(request.arch), { channels, cells, classes: 10, depth: -1, useStem: true });
  initialize(network, TE_NAS_SCHEMES[init], new Generator(seed).fork('weights 0'));
  const settings = { ...TE_NAS, mode, backend, signal };
  const program = await JacobianProgram.compile(network, images.shape, settings);
  try {
    const rows = await program.run(images, { signal });
    const ntk = await ntkOf(rows, { backend, signal });
    const seconds = (performance.now() - start) / 1000;
    onResult({ request, ntk, view, device: backend.device, seconds });
    onDetails({
      contributions: await contributions(rows, ntk.kernel, { signal }),
      certified: await certify(network, images, ntk, settings),
    });
  } finally {
    program.dispose();
  }
}

const api = {
  /** Says where the images are; they are fetched at once. */
  open(images: string): void {
    sample ??= loadSample(images);
    sample.catch(() => (sample = undefined));
    void backendOf('wasm');
  },

  /** Takes pictures in place of CIFAR-10's, or with none those again. @returns how many there are */
  async takePictures(pictures: readonly Blob[]): Promise<number> {
    own = pictures.length === 0 ? undefined : await datasetOf(pictures);
    return (own ?? (await sample!)).length;
  },

  /** Computes κ, then what follows it; a newer request for the same place ends it. */
  async kappa(
    place: number,
    request: Request,
    onResult: (result: Result) => unknown,
    onDetails: (details: Details) => unknown,
  ): Promise<void> {
    if (!newest.has(place)) newest.set(place, new Newest());
    await newest.get(place)!.run((signal) => compute(request, onResult, onDetails, signal));
  },
};

/** The worker, as the page sees it. */
export type CellWorker = typeof api;
Comlink.expose(api);
