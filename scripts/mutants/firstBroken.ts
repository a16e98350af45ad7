import { type Backend, gpuBackend, type GpuMode, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { runLaws, verificationLaws } from '../../src/testing/index.ts';
import { devicesRequired } from '../../test/support/required.ts';

// Checks the laws of `ntkit verify` on one backend up to the first that is broken: its name is printed, and the status
// is 1. Failures are not shrunk, and later laws are not checked.

const [name = 'wasm'] = process.argv.slice(2);
// Of the graphics modes only the one that runs everywhere, and OpenGL where it is required, as in CI.
const devices: readonly GpuMode[] = devicesRequired ? ['cpu', 'headlessgl'] : ['cpu'];
const backends: Readonly<Record<string, readonly (() => Promise<Backend>)[]>> = {
  reference: [() => Promise.resolve(referenceBackend)],
  wasm: [() => Promise.resolve(wasmBackend())],
  gpu: devices.map((mode) => () => gpuBackend({ mode })),
};
for (const open of backends[name]) {
  const backend = await open();
  await runLaws(verificationLaws, backend, { shrinkFor: 0 }, ({ law, broken }) => {
    if (!broken) return;
    console.log(law);
    process.exit(1);
  });
  await backend.close();
}
