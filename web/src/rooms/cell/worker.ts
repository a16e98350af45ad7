import * as Comlink from 'comlink';
import type { Dataset } from 'ntkit/data';
import { cellNetwork, encodeSafetensors, initialize, parseGenotype, stateDict, TE_NAS_SCHEMES } from 'ntkit/nn';
import { type Backend, Generator } from 'ntkit/tensor';
import type { BackendName } from '../../backendNames.ts';
import { openAhead, withBackend } from '../../backends.ts';
import { kernelInStages } from '../../kernelInStages.ts';
import { told } from '../../lineOf.ts';
import { Newest } from '../../newest.ts';
import { release } from '../../release.ts';
import { samples } from '../../sample.ts';
import { batchOf, datasetOf } from './images.ts';
import type { Details, Request, Result } from './request.ts';

const TE_NAS = { outputs: 'sum', parameters: 'weight' } as const;

/** The computations for the first and for the second cell. */
const places = new Map<number, Newest>();
let sampleUrl = '';
let own: Dataset | undefined;
const newestPictures = new Newest();

/** The network of a request, and its batch. */
async function prepare({ arch, channels, cells, batch, seed, init }: Request) {
  const { images, view } = batchOf(await samples.get(sampleUrl), own, batch, seed);
  const network = cellNetwork(parseGenotype(arch), { channels, cells, classes: 10, depth: -1, useStem: true });
  initialize(network, TE_NAS_SCHEMES[init], new Generator(seed).fork('weights 0'));
  return { network, images, view };
}

/** The reports to the page while κ of a request is computed. */
interface Listeners {
  readonly onProgress: (share: number) => unknown;
  readonly onResult: (result: Result) => unknown;
  readonly onDetails: (details: Details) => unknown;
}

async function compute(
  request: Request,
  backend: Backend,
  { onProgress, onResult, onDetails }: Listeners,
  { start, signal }: { readonly start: number; readonly signal: AbortSignal },
): Promise<void> {
  const { network, images, view } = await prepare(request);
  signal.throwIfAborted();
  const settings = { ...TE_NAS, mode: request.mode, backend, signal, since: start };
  let layers: Details['contributions'] = [];
  const certified = await kernelInStages(network, images, settings, {
    onProgress,
    onNtk: (ntk) =>
      onResult({ request, ntk, view, device: backend.device, seconds: (performance.now() - start) / 1000 }),
    onContributions: (groups) => onDetails({ contributions: (layers = groups) }),
  });
  onDetails({ contributions: layers, certified });
}

const api = {
  /** Says where the images are and which backend will compute, so that both are ready before the first request. */
  async open(images: string, name: BackendName): Promise<void> {
    sampleUrl = images;
    // Errors are reported to the request for κ.
    samples.get(images).catch(() => {});
    if (name === 'wasm') await openAhead(name);
  },

  /**
   * Replaces as many of CIFAR-10's images by pictures; without pictures all are CIFAR-10's. @returns how many pictures
   * there are; undefined when others replaced them meanwhile
   */
  takePictures(pictures: readonly File[]): Promise<number | undefined> {
    return told(() =>
      newestPictures.run(async (signal) => {
        const next = pictures.length === 0 ? undefined : await datasetOf(pictures);
        signal.throwIfAborted();
        own = next;
        return pictures.length;
      }),
    );
  },

  /**
   * Computes κ, then what follows it; a newer request for the same cell of the comparison ends it.
   *
   * @param onProgress called with the share of the kernel's rows that is computed, from 0 to 1
   */
  async kappa(
    place: number,
    request: Request,
    onProgress: (share: number) => unknown,
    onResult: (result: Result) => unknown,
    onDetails: (details: Details) => unknown,
  ): Promise<void> {
    const start = performance.now();
    const listeners = { onProgress, onResult, onDetails };
    try {
      await told(() =>
        newestOf(place).run((signal) =>
          withBackend(request.backend, 'float32', (backend) => compute(request, backend, listeners, { start, signal })),
        ),
      );
    } finally {
      release(onProgress, onResult, onDetails);
    }
  },

  /** Ends the computation for a cell of the comparison. */
  cancel(place: number): void {
    newestOf(place).cancel();
  },

  /** The network and the batch of a request, as a case file. */
  caseFile(request: Request): Promise<Uint8Array> {
    return told(async () => {
      const { network, images } = await prepare(request);
      const { arch, channels, cells, mode } = request;
      const config = { name: 'infer.tiny', C: channels, N: cells, num_classes: 10, arch_str: arch };
      const state = [...stateDict(network)].map(([name, value]) => [`state.${name}`, value] as const);
      return encodeSafetensors({
        metadata: { name: arch, config: JSON.stringify(config), mode },
        tensors: new Map([['input', images], ...state]),
      });
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
