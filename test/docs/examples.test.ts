import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { documentedExports, pageOf } from '../support/apiExamples.ts';
import { run, typeErrors } from '../support/snippets.ts';

// The worker's has no exports.
const entries = Object.keys(manifest.exports)
  .filter((path) => !['./worker', './package.json'].includes(path))
  .map((path) => path.replace('.', 'ntkit'));
const exported = [...documentedExports(entries)].map(([entry, documented]) => ({ entry, documented }));
const folder = mkdtempSync(join(tmpdir(), 'ntkit-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

// By their texts: the main entry exports what others do.
const pages = new Map(
  exported.toReversed().flatMap(({ entry, documented }) =>
    documented.flatMap(({ name, examples }) =>
      examples.map((each) => {
        const own = join(folder, `${entry.replace('/', '-')}-${name}`);
        mkdirSync(own, { recursive: true });
        return [`${name}: ${each}`, pageOf(entry, name, each, own)] as const;
      }),
    ),
  ),
);
const examples = [...pages.values()];

test.each(exported)('every function and every class of $entry has an example', ({ documented }) => {
  expect(documented.length).toBeGreaterThan(2);
  expect(documented.filter((each) => each.examples.length === 0).map(({ name }) => name)).toEqual([]);
});

test('the examples type-check, and wrong ones would not', () => {
  const wrong = pageOf('ntkit', 'wrong', 'ndarray([1], 1);');
  // What does not run on every computer is still checked.
  const unrun = pageOf('ntkit', 'unrun', '```ts no-run\nndarray([1], 1);\n```');
  expect(unrun.body).toBe('');
  expect(typeErrors([...examples, wrong, unrun])).toEqual([
    expect.stringMatching(/^test\/wrong\.ts: .*not assignable/),
    expect.stringMatching(/^test\/unrun\.ts: .*not assignable/),
  ]);
});

describe('the example of', () => {
  test.each(examples.filter(({ body }) => body !== ''))('$name runs, and prints what it says', async (example) => {
    const { stated } = example;
    expect(stated.length).toBeGreaterThan(0);
    expect(await run(example)).toEqual(stated);
  });
});
