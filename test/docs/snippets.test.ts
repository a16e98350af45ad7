import { describe, expect, test } from 'vitest';
import { pages, printedAsStated, run, typeErrors } from '../support/snippets.ts';

const all = pages();

test('the TypeScript of README.md and docs/*.md type-checks, and a wrong page would not', () => {
  expect(all.map(({ name }) => name)).toContain('README.md');
  const wrong = { ...all[0], name: 'wrong.md', body: 'const x: number = "a";', unrun: [] };
  expect(typeErrors([...all, wrong])).toEqual([expect.stringMatching(/^test\/wrong.md.ts: .*not assignable/)]);
});

// A search takes minutes.
test('only the search of docs/search.md is not run', () => {
  expect(all.filter(({ unrun }) => unrun.length > 0).map(({ name }) => name)).toEqual(['docs/search.md']);
});

describe('the TypeScript of', () => {
  test.each(all.filter(({ body }) => body !== ''))('$name runs, and prints what it says', async (page) => {
    const printed = await run(page);
    const stated = printedAsStated(page);
    expect(printed).toEqual(printed.map((line, i) => stated[i] ?? line));
    expect(printed).toHaveLength(stated.length);
  });
});
