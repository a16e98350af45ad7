import * as Comlink from 'comlink';
import { encodeSafetensors, stateDict } from 'ntkit/nn';
import { type Backend, InputError, type NDArray } from 'ntkit/tensor';
import { openAhead, withBackend } from '../../backends.ts';
import { kernelInStages } from '../../kernelInStages.ts';
import { told } from '../../lineOf.ts';
import { Newest } from '../../newest.ts';
import { release } from '../../release.ts';
import { samples } from '../../sample.ts';
import { arrayBatch, type Dropped, makeBatch } from './batch.ts';
import { choiceOf, inventoryOf, type OpenNetwork, readNetwork } from './network.ts';
import type { Details, Inventory, KernelRequest, KernelResult, NetworkFiles } from './request.ts';

let open: OpenNetwork | undefined;
let opened = 0;
let dropped: Dropped | undefined;
let sampleUrl = '';
const newest = new Newest();
const newestImages = new Newest();

const sampleImages = () => samples.get(sampleUrl);

/** The open file, if it is the one that a request is about. */
function openFor(count: number): OpenNetwork {
  if (open === undefined || count !== opened) throw new InputError('network: another file has been opened meanwhile');
  return open;
}

/** The reports to the page while a kernel is computed. */
interface Listeners {
  readonly onResult: (result: KernelResult) => unknown;
  readonly onDetails: (details: Details) => unknown;
  /** The share of the kernel's rows that is computed, from 0 to 1. */
  readonly onProgress: (share: number) => unknown;
}

async function compute(
  request: KernelRequest,
  backend: Backend,
  { onResult, onDetails, onProgress }: Listeners,
  { start, signal }: { readonly start: number; readonly signal: AbortSignal },
): Promise<void> {
  const { mode, outputs, dtype } = request;
  const current = openFor(request.opened);
  const { x, view } = await makeBatch(current, request.batch, dropped, sampleImages);
  signal.throwIfAborted();
  const settings = { mode, outputs, parameters: choiceOf(request.parameters), by: request.by, backend, dtype, signal };
  let groups: Details['contributions'] = [];
  const certified = await kernelInStages(current.network, x, settings, {
    onProgress,
    onNtk: (ntk) => {
      const seconds = (performance.now() - start) / 1000;
      onResult({ request, ntk, view: withRows(view, ntk.kernel, x), device: backend.device, seconds });
    },
    onContributions: (given) => (groups = given),
  });
  onDetails({ contributions: groups, certified });
}

/** In the kernel of all outputs each sample has one row per output. */
function withRows(
  view: KernelResult['view'],
  { shape: [rows] }: NDArray,
  { shape: [n] }: NDArray,
): KernelResult['view'] {
  const outputs = rows / n;
  if (outputs === 1) return view;
  const { names, pictures } = view;
  const all = <T>(each: readonly T[]) => each.flatMap((one) => Array.from({ length: outputs }, () => one));
  return {
    ...view,
    names: names.flatMap((name) => Array.from({ length: outputs }, (_, k) => `${name}, output ${k + 1}`)),
    ...(pictures && { pictures: all(pictures) }),
  };
}

/**
 * A kernel and its batch as a file that `ntkit verify --against` takes: of a case a case again, with its weights; of an ONNX
 * model what goes with it.
 */
function savedFile({ network, metadata }: OpenNetwork, x: NDArray, { request, ntk }: KernelResult): Uint8Array {
  const { mode, outputs, parameters } = request;
  const tensors = new Map<string, NDArray>([
    ['input', x],
    ['ntk', ntk.kernel],
  ]);
  if (metadata) for (const [name, value] of stateDict(network)) tensors.set(`state.${name}`, value);
  return encodeSafetensors({ tensors, metadata: { ...metadata, mode, outputs: String(outputs), parameters } });
}

/** What was dropped in to replace the images. @throws InputError when it is neither pictures nor one .npy file */
async function droppedOf(files: readonly File[]): Promise<Dropped> {
  const array = files.find(({ name }) => /\.npy$/i.test(name));
  if (array && files.length > 1) {
    throw new InputError(`images: expected pictures or one .npy, got ${files.map(({ name }) => name).join(', ')}`);
  }
  if (array) return arrayBatch(new Uint8Array(await array.arrayBuffer()), array.name);
  for (const file of files) {
    const bitmap = await createImageBitmap(file).catch(() => {
      throw new InputError(`${file.name}: expected pictures (PNG, JPEG, …) or a batch as .npy`);
    });
    bitmap.close();
  }
  return { pictures: files, names: files.map(({ name }) => name) };
}

const api = {
  /** Says where the page's images are. They are fetched on first use. */
  async start(images: string): Promise<void> {
    sampleUrl = images;
    await openAhead('wasm');
  },

  /** Reads a file, which replaces the previous one. @throws an Error of one line when it is no network */
  open(files: NetworkFiles): Promise<Inventory> {
    return told(() => {
      newest.cancel();
      const next = readNetwork(files);
      const inventory = inventoryOf(next, files.bytes.length, opened + 1);
      [open, opened] = [next, opened + 1];
      return inventory;
    });
  },

  /**
   * Takes pictures, or the batch of an .npy file.
   *
   * @returns how many samples there are; undefined when others replaced them meanwhile.
   * @throws an Error of one line when it is neither
   */
  takeImages(files: readonly File[]): Promise<number | undefined> {
    return told(() =>
      newestImages.run(async (signal) => {
        const next = await droppedOf(files);
        signal.throwIfAborted();
        dropped = next;
        return next.array?.shape[0] ?? files.length;
      }),
    );
  },

  /** Computes Θ and κ, then what follows; a newer request ends it. */
  async kernel(
    request: KernelRequest,
    onResult: (result: KernelResult) => unknown,
    onDetails: (details: Details) => unknown,
    onProgress: (share: number) => unknown,
  ): Promise<void> {
    const start = performance.now();
    const listeners = { onResult, onDetails, onProgress };
    try {
      await told(() =>
        newest.run((signal) =>
          withBackend(request.backend, request.dtype, (backend) =>
            compute(request, backend, listeners, { start, signal }),
          ),
        ),
      );
    } finally {
      release(onResult, onDetails, onProgress);
    }
  },

  /** Ends what is being computed. */
  cancel(): void {
    newest.cancel();
  },

  /** The batch and Θ of a result as a file. */
  save(result: KernelResult): Promise<Uint8Array> {
    return told(async () => {
      const current = openFor(result.request.opened);
      const { x } = await makeBatch(current, result.request.batch, dropped, sampleImages);
      return savedFile(current, x, result);
    });
  },

  /** The batch of a request, for the laws. */
  batch(request: KernelRequest): Promise<NDArray> {
    return told(async () => (await makeBatch(openFor(request.opened), request.batch, dropped, sampleImages)).x);
  },
};

/** The worker, as the page sees it. */
export type NetworkWorker = typeof api;
Comlink.expose(api);
