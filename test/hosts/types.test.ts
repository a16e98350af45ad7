import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { makeApplication } from './application.ts';

// The declarations of the package, in the strictest settings of an application: they are checked themselves, too.

const STRICT: ts.CompilerOptions = {
  ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
  skipDefaultLibCheck: true, // TypeScript's own

  ...{ target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], noEmit: true },
};
const RESOLUTIONS = {
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
};

const folder = join(await makeApplication(), 'types');
mkdirSync(folder, { recursive: true });
const root = new URL('../../', import.meta.url);

/** What the compiler finds in a consumer and in all that it imports. */
function errorsOf(consumer: string, options: ts.CompilerOptions): string[] {
  const file = join(folder, consumer);
  cpSync(new URL(`./consumers/${consumer}`, import.meta.url), file);
  const program = ts.createProgram([file], { ...STRICT, ...options });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}

test.each(Object.entries(RESOLUTIONS))(
  'every entry for pages needs no types of Node, resolution %s',
  (_, resolution) => {
    expect(errorsOf('everyEntry.ts', { ...resolution, types: [] })).toEqual([]);
  },
);

test.each(Object.entries(RESOLUTIONS))('ntkit/node, with the types of Node, resolution %s', (_, resolution) => {
  const typeRoots = [fileURLToPath(new URL('node_modules/@types', root))];
  expect(errorsOf('nodeEntry.ts', { ...resolution, types: ['node'], typeRoots })).toEqual([]);
});

test('a wrong use is an error', () => {
  const { bundler } = RESOLUTIONS;
  expect(errorsOf('nodeEntry.ts', { ...bundler, types: [] })).toContainEqual(expect.stringContaining("'process'"));
});
