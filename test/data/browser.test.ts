import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test.each(['data', 'search'])('src/%s is bundled for a page without an error or a warning', async (layer) => {
  const { warnings, outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../../src/${layer}/index.ts`, import.meta.url))],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    logLevel: 'silent',
    external: ['gpu.js'],
  });
  expect(warnings).toEqual([]);
  expect(outputFiles[0].text).not.toMatch(/\bfrom ['"]node:/);
});
