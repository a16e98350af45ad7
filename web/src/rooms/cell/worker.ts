import * as Comlink from 'comlink';
import type { Dataset } from 'ntkit/data';
import { cellNetwork, encodeSafetensors, initialize, parseGenotype, stateDict, TE_NAS_SCHEMES } from 'ntkit/nn';
import { certify, contributions, JacobianProgram, ntkOf } from 'ntkit/ntk';
import { type Backend, constant, evaluate, Generator, gpuBackend, ndarray, sum, wasmBackend } from 'ntkit/tensor';
import { Newest } from '../../newest.ts';
import { batchOf, datasetOf, loadSample } from './images.ts';
import type { BackendName, Details, Request, Result } from './request.ts';

const TE_NAS = { outputs: 'sum', parameters: 'weight' } as const;

/** What is computed for the first and for the second cell. */
const places = new Map<number, Newest>();
const backends = new Map<BackendName, Promise<Backend>>();
let sample: Promise<Dataset> | undefined;
let own: Dataset | undefined;
const newestPictures = new Newest();

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

/** The network of a request, and its batch. */
async function prepare({ arch, channels, cells, batch, seed, init }: Request) {
  const { images, view } = batchOf(await sample!, own, batch, seed);
  const network = cellNetwork(parseGenotype(arch), { channels, cells, classes: 10, depth: -1, useStem: true });
  initialize(network, TE_NAS_SCHEMES[init], new Generator(seed).fork('weights 0'));
  return { network, images, view };
}

async function compute(
  request: Request,
  onResult: (result: Result) => unknown,
  onDetails: (details: Details) => unknown,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  const [backend, { network, images, view }] = await Promise.all([backendOf(request.backend), prepare(request)]);
  signal.throwIfAborted();
  const settings = { ...TE_NAS, mode: request.mode, backend, signal };
  const program = await JacobianProgram.compile(network, images.shape, settings);
  try {
    const rows = await program.run(images, { signal });
    const ntk = await ntkOf(rows, { backend, signal });
    onResult({ request, ntk, view, device: backend.device, seconds: (performance.now() - start) / 1000 });
    const layers = await contributions(rows, ntk.kernel, { signal });
    onDetails({ contributions: layers });
    onDetails({ contributions: layers, certified: await certify(network, images, ntk, settings) });
  } finally {
    program.dispose();
  }
}

/** Lets go of a callback of the page's. */
function release(callback: unknown): void {
  (callback as Partial<Comlink.ProxyMethods>)[Comlink.releaseProxy]?.();
}

const api = {
  /** Says where the images are, and what will compute: both are made ready before κ is asked for. */
  open(images: string, name: BackendName): void {
    sample ??= loadSample(images);
    // What goes wrong is told to who asks for κ.
    sample.catch(() => {});
    // Threads start with the first program.
    const first = sum(constant(ndarray([1, 1], [2])));
    if (name === 'wasm') void backendOf(name).then((backend) => evaluate([first], new Map(), backend).catch(() => {}));
  },

  /** Takes pictures in place of as many of CIFAR-10's, or with none CIFAR-10's alone. @returns how many there are;
   * undefined when others were taken meanwhile */
  takePictures(pictures: readonly File[]): Promise<number | undefined> {
    return newestPictures.run(async (signal) => {
      const next = pictures.length === 0 ? undefined : await datasetOf(pictures);
      signal.throwIfAborted();
      own = next;
      return pictures.length;
    });
  },

  /** Computes κ, then what follows it; a newer request for the same place ends it. */
  async kappa(
    place: number,
    request: Request,
    onResult: (result: Result) => unknown,
    onDetails: (details: Details) => unknown,
  ): Promise<void> {
    try {
      await newestOf(place).run((signal) => compute(request, onResult, onDetails, signal));
    } finally {
      release(onResult);
      release(onDetails);
    }
  },

  /** Ends what is computed for a place. */
  cancel(place: number): void {
    newestOf(place).cancel();
  },

  /** The network and the batch of a request, as a case file. */
  async caseFile(request: Request): Promise<Uint8Array> {
    const { network, images } = await prepare(request);
    const { arch, channels, cells, mode } = request;
    const config = { name: 'infer.tiny', C: channels, N: cells, num_classes: 10, arch_str: arch };
    const state = [...stateDict(network)].map(([name, value]) => [`state.${name}`, value] as const);
    return encodeSafetensors({
      metadata: { name: arch, config: JSON.stringify(config), mode },
      tensors: new Map([['input', images], ...state]),
    });
  },
};

function newestOf(place: number): Newest {
  let newest = places.get(place);
  if (newest === undefined) places.set(place, (newest = new Newest()));
  return newest;
}

/** The worker, as the page sees it. */
export type CellWorker = typeof api;
Comlink.expose(api);
