import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operators } from '../../src/onnx/operators/index.ts';

test('the page on ONNX files lists every operator that is read, and no other', () => {
  const page = readFileSync(new URL('../../docs/onnx.md', import.meta.url), 'utf8');
  const [, section] = page.split('\n## Operators\n');
  const table = section.split('\n').filter((line) => line.startsWith('|'));
  const listed = table.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(listed.toSorted()).toEqual([...operators.keys()].sort());
});
