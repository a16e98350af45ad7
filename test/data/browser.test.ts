import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../../src/data/', import.meta.url);
/** What reads files, and the list of everything. */
const FOR_NODE = ['files.ts', 'sample.ts', 'source.ts', 'index.ts'];

test('parsers, augmentation and loader import nothing that a browser lacks', () => {
  const portable = readdirSync(folder).filter((name) => !FOR_NODE.includes(name));
  expect(portable).toContain('cifar10.ts');
  const imports = portable.flatMap((name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    return [...text.matchAll(/from '([^']+)'/g)].map((match) => ({ name, from: match[1] }));
  });
  expect(imports.length).toBeGreaterThan(portable.length);
  const allowed = ['../errors.ts', '../tensor/index.ts', ...portable.map((name) => `./${name}`)];
  expect(imports.filter(({ from }) => !allowed.includes(from))).toEqual([]);
});
