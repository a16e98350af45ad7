import { describe, test } from 'vitest';
import { makeApplication } from './application.ts';
import { denoPath, titled } from './installed.ts';
import { expectSame, resultOf } from './programs.ts';

// Deno takes the package from node_modules, as Node does, and runs it with the permissions that docs/hosts.md names.

const application = await makeApplication();

describe.skipIf(denoPath === undefined)(titled('Deno', denoPath !== undefined), () => {
  test('imports every entry, and κ on wasm and reference is that of Node to the last bit', async () => {
    const flags = ['run', '--no-prompt', '--cached-only', '--node-modules-dir=manual', '--allow-read', '--allow-env'];
    const deno = await resultOf(application, denoPath!, flags);
    expectSame(deno, await resultOf(application, process.execPath));
  });
});
