import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test('the help loads what parses options, and nothing that computes', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))],
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20' },
    ...{ external: ['ml-matrix', 'gpu.js'], write: false, metafile: true, outdir: 'out', logLevel: 'error' },
  });
  const loaded = new Set<string>();
  const load = (path: string) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports) {
      if (kind === 'import-statement' && next in metafile.outputs) load(next);
    }
  };
  load('out/main.js');
  const outputs = [...loaded].map((path) => metafile.outputs[path]);
  const sources = outputs.flatMap(({ inputs }) => Object.keys(inputs)).filter((name) => /(^|\/)src\//.test(name));
  expect(sources.map((name) => name.replace(/.*?src\/(?=check|cli|errors|nn|search|tensor)/, '')).sort()).toEqual([
    ...[
      'check.ts',
      'cli/commands.ts',
      'cli/execute.ts',
      'cli/finding.ts',
      'cli/interruption.ts',
      'cli/main.ts',
      'cli/options.ts',
      'cli/output.ts',
      'cli/program.ts',
    ],
    ...['errors.ts', 'nn/spaces.ts', 'search/constants.ts', 'tensor/backends/gpu/modes.ts'],
  ]);
  expect(outputs.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(250_000);
});
