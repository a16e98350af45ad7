import { wasmBackend } from 'ntkit/tensor';
import { kappa, SMALL } from './kappa.js';

// A page whose policy allows only scripts and workers of its own host.

/** The result of the page for its test. */
export interface PolicyResult {
  /** With a worker from the page's host. */
  readonly kappa: number;
  /** The error without it. */
  readonly error: { readonly name: string; readonly message: string };
}

const served = wasmBackend({ threads: 2, workerUrl: new URL('/worker.js', location.href) });
const value = await kappa(SMALL, served);
await served.close();
const refused = wasmBackend({ threads: 2 });
const error = await kappa(SMALL, refused).then(
  () => ({ name: '', message: 'no error' }),
  ({ name, message }: Error) => ({ name, message }),
);
await refused.close();
Object.assign(globalThis, { result: { kappa: value, error } satisfies PolicyResult });
