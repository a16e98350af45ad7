import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { figures, filesOf } from '../../scripts/figures/index.ts';

const guide = fileURLToPath(new URL('../../docs/guide/', import.meta.url));
const drawn = readdirSync(`${guide}figures`).toSorted();

test('each figure of the guide is made by the script and shown in a chapter', () => {
  const pages = readdirSync(guide).filter((name) => name.endsWith('.md'));
  const shown = pages.flatMap((name) => {
    const text = readFileSync(guide + name, 'utf8');
    return [...text.matchAll(/!\[[^\]]+\]\(figures\/([\w-]+\.svg)\)/g)].map(([, file]) => file);
  });
  const files = Object.keys(figures).flatMap((name) => filesOf(name, { wide: '', narrow: '' }).map(([file]) => file));
  expect(drawn).toEqual(files.toSorted());
  expect(shown.toSorted()).toEqual(drawn.filter((file) => !file.endsWith('.narrow.svg')));
});

test.each(Object.entries(figures))('%s is what the script draws', async (name, make) => {
  for (const [file, svg] of filesOf(name, await make())) {
    expect(svg, file).toBe(readFileSync(`${guide}figures/${file}`, 'utf8'));
  }
});
