import { checkBackend } from '../abort.ts';
import { oneOf } from '../check.ts';
import { type DType, DTYPES } from './array.ts';
import type { Backend } from './backend.ts';

/** What {@link setDefaultBackend} was given. */
let chosen: Backend | undefined;

/** The `wasm` backend that all computations share which name none; made when it is first used. */
let shared: (Backend & { readonly closed: boolean }) | undefined;

/**
 * The backend that computes where none is named: `wasm` wherever WebAssembly has SIMD, in either precision, and the
 * reference backend where it has not. Either is loaded on first use.
 *
 * All share one `wasm` backend. Its threads do not keep a process alive; closing it ends them, and the next computation
 * that names no backend starts new ones.
 *
 * @param dtype the precision to compute in, which one that was chosen may lack; the backend's own by default.
 * @throws InputError when it is no precision.
 *
 * @example
 * const { name, device } = await defaultBackend();
 * console.log(name, device.startsWith('WebAssembly SIMD')); // wasm true
 */
export async function defaultBackend(dtype?: DType): Promise<Backend> {
  if (dtype !== undefined) oneOf('defaultBackend: dtype', dtype, DTYPES);
  if (chosen && (dtype === undefined || chosen.dtypes.includes(dtype))) return chosen;
  const { wasmBackend, wasmIsSupported } = await import('./backends/wasm/index.ts');
  if (shared && !shared.closed) return shared;
  if (wasmIsSupported()) return (shared = wasmBackend());
  const { referenceBackend } = await import('./backends/reference/index.ts');
  return referenceBackend;
}

/**
 * Makes a backend the one that computes where none is named, in its precisions. What it does not compute in
 * goes where it went before.
 *
 * @param backend `undefined` to undo it.
 * @throws InputError when it is no backend.
 *
 * @example
 * setDefaultBackend(referenceBackend); // for all that names no backend
 * console.log((await defaultBackend()).name); // reference
 * setDefaultBackend(undefined); // the shared one again
 */
export function setDefaultBackend(backend: Backend | undefined): void {
  if (backend !== undefined) checkBackend('setDefaultBackend', backend);
  chosen = backend;
}
