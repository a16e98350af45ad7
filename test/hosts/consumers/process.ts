import { referenceBackend, wasmBackend } from 'ntkit/tensor';
import { kappa, SMALL } from './kappa.js';

// What a program without a page does: `process.js ENTRY…` imports the entries that it is given and computes κ.

const entries: Record<string, number> = {};
for (const entry of process.argv.slice(2)) {
  const module = (await import(entry)) as object;
  entries[entry] = Object.keys(module).length;
}
const backend = wasmBackend({ threads: 2 });
const wasm = await kappa(SMALL, backend);
await backend.close();
const reference = await kappa(SMALL, referenceBackend);
// The backend of who names none is never closed, and the program ends all the same.
console.log(JSON.stringify({ entries, wasm, reference, unnamed: await kappa(SMALL) }));
