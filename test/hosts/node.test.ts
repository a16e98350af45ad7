import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { makeApplication } from './application.ts';
import { kappa, SMALL } from './consumers/kappa.ts';
import { nodes, titled } from './installed.ts';
import { entriesOf, expectSame, type ProcessResult, resultOf, run } from './programs.ts';

// The packed package in several versions of Node: the oldest supported one, and the newest of each later line.

const application = await makeApplication();
let here: ProcessResult;
beforeAll(async () => {
  here = await resultOf(application, process.execPath);
});

test('the package computes the same as its sources, and has every entry', async () => {
  const backend = wasmBackend({ threads: 2 });
  expect(here.wasm).toBe(await kappa(SMALL, backend));
  await backend.close();
  expect(here.reference).toBe(await kappa(SMALL, referenceBackend));
  expect(Object.keys(here.entries)).toEqual(entriesOf(application));
  expect(Object.keys(here.entries)).toContain('ntkit/ntk');
  expect(Math.min(...Object.values(here.entries))).toBeGreaterThan(0);
});

for (const { version, path } of nodes) {
  describe.skipIf(path === undefined)(titled(`Node ${version}`, path !== undefined), () => {
    test('imports every entry, and κ on wasm and reference is the same to the last bit', async () => {
      expectSame(await resultOf(application, path!), here);
    });

    test('require gives the package where Node can require a module, and its own error code where it cannot', async () => {
      const code = `try {
        console.log(typeof require('ntkit').computeNtk);
      } catch (error) {
        console.log(error.code);
      }`;
      const { stdout } = await run(application, path!, ['--input-type=commonjs', '-e', code]);
      expect(stdout.trim()).toBe(version === '20' ? 'ERR_REQUIRE_ESM' : 'function');
    });

    test('the command runs', async () => {
      const command = join(application, 'node_modules/.bin/ntkit');
      const args = ['score', '--channels', '2', '--cells', '1', '--batch-size', '4', '--repeats', '1', '--json'];
      const { stdout } = await run(application, path!, [command, ...args]);
      expect(JSON.parse(stdout)).toBeTypeOf('object');
    });
  });
}
