import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { figures } from '../../scripts/figures/index.ts';

const guide = fileURLToPath(new URL('../../docs/guide/', import.meta.url));
const drawn = readdirSync(`${guide}figures`).toSorted();

test('each figure of the guide is made by the script, and shown by a chapter', () => {
  const pages = readdirSync(guide).filter((name) => name.endsWith('.md'));
  const shown = pages.flatMap((name) => {
    const text = readFileSync(guide + name, 'utf8');
    return [...text.matchAll(/!\[[^\]]+\]\(figures\/([\w-]+\.svg)\)/g)].map(([, file]) => file);
  });
  expect(drawn).toEqual(
    Object.keys(figures)
      .map((name) => `${name}.svg`)
      .toSorted(),
  );
  expect(shown.toSorted()).toEqual(drawn);
});

test.each(Object.entries(figures))('%s is as the script draws it now', async (name, make) => {
  expect(await make()).toBe(readFileSync(`${guide}figures/${name}.svg`, 'utf8'));
});
