import { describe, expect, test } from 'vitest';
import { pages, run, typeErrors } from '../support/snippets.ts';

const all = pages();

test('the TypeScript of README.md, docs/*.md and docs/guide/*.md type-checks, and a wrong page would not', () => {
  expect(all.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['README.md', 'docs/layers.md', 'docs/guide/1-expressions.md']),
  );
  const wrong = { ...all[0], name: 'wrong.md', body: 'const x: number = "a";', unrun: [] };
  expect(typeErrors([...all, wrong])).toEqual([expect.stringMatching(/^test\/wrong.md.ts: .*not assignable/)]);
});

// Code for a page needs a browser; a search takes minutes.
test('only the page of docs/embedding.md and the search of docs/search.md are not run', () => {
  const unrun = all.filter(({ unrun }) => unrun.length > 0).map(({ name }) => name);
  expect(unrun).toEqual(['docs/embedding.md', 'docs/search.md']);
});

describe('the TypeScript of', () => {
  test.each(all.filter(({ body }) => body !== ''))('$name runs, and prints what it says', async (page) => {
    const printed = await run(page);
    expect(printed).toEqual(printed.map((line, i) => page.stated[i] ?? line));
    expect(printed).toHaveLength(page.stated.length);
  });
});
