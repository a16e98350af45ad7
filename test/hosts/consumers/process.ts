import { referenceBackend, wasmBackend } from 'ntkit/tensor';
import { kappa, SMALL } from './kappa.js';

// A program without a page: `process.js ENTRY…` imports the given entries and computes κ.

const entries: Record<string, number> = {};
for (const entry of process.argv.slice(2)) {
  const module = (await import(entry)) as object;
  entries[entry] = Object.keys(module).length;
}
const backend = wasmBackend({ threads: 2 });
const wasm = await kappa(SMALL, backend);
await backend.close();
const reference = await kappa(SMALL, referenceBackend);
// The default backend is never closed, and the program ends nevertheless.
console.log(JSON.stringify({ entries, wasm, reference, unnamed: await kappa(SMALL) }));
