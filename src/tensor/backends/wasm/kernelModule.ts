import { BackendError } from '../../../errors.ts';
import type { DType } from '../../array.ts';

/** Flags of an imported memory: it has a maximum and, with the second bit, is shared. */
const UNSHARED = 1;

/** The modules of kernels; the bytes of each are loaded when they are asked for. */
const MODULES = {
  float32: () => import('./generated/kernels.ts'),
  float64: () => import('./generated/kernels64.ts'),
} as const satisfies Record<DType, unknown>;

/**
 * The module of the kernels for float32, and of those that exist once; or of the kernels for float64. It is for a
 * memory that threads share or for one of each thread's own: the two differ in one bit.
 *
 * @throws BackendError as {@link compileModule}.
 */
export async function compileKernels(dtype: DType, shared: boolean): Promise<WebAssembly.Module> {
  const { KERNELS, MEMORY_FLAGS_AT } = await MODULES[dtype]();
  const bytes = await inflated(Uint8Array.from(atob(KERNELS), (character) => character.charCodeAt(0)));
  if (!shared) bytes[MEMORY_FLAGS_AT] = UNSHARED;
  return compileModule(bytes);
}

/** @throws BackendError when this machine does not compile a module, e.g. because a page's policy forbids WebAssembly. */
export async function compileModule(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new BackendError(`backend wasm: kernels do not compile here: ${String(error)}`, { cause: error });
  }
}

/** Work that keeps a Node process alive until it has ended: compiling in the background does not by itself. */
export async function keepingAlive<T>(work: () => Promise<T>): Promise<T> {
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    return await work();
  } finally {
    clearInterval(alive);
  }
}

async function inflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A module of one function, of no arguments, that gives a vector of sixteen zeros. */
const SIMD = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // the magic number, and version 1
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // types: () → v128
  ...[0x03, 0x02, 0x01, 0x00], // functions: one of type 0
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b], // code: i32.const 0, i8x16.splat, end
];

/** Whether this machine's WebAssembly has the vectors that the kernels compute with. */
export function hasSimd(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(Uint8Array.from(SIMD));
}
