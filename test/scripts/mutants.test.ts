import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mutants } from '../../scripts/mutants/index.ts';
import { plant } from '../../scripts/mutants/mutant.ts';
import { InputError } from '../../src/errors.ts';

const root = new URL('../../', import.meta.url);
const sources = new Map<string, string>();

/** A file of the repository, read once. */
function sourceOf(file: string): string {
  const known = sources.get(file) ?? readFileSync(new URL(file, root), 'utf8');
  sources.set(file, known);
  return known;
}

describe('the table of mutants', () => {
  test('can be planted: every text is in its file exactly once', () => {
    const problems = mutants.flatMap((mutant) => {
      try {
        return plant(sourceOf(mutant.file), mutant) === sourceOf(mutant.file) ? [`${mutant.name}: no change`] : [];
      } catch (error) {
        return [(error as Error).message];
      }
    });
    expect(problems).toEqual([]);
  });

  test('has a name for each, and tests that exist', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    for (const { name, tests } of mutants) {
      expect(tests, name).not.toHaveLength(0);
      for (const file of tests) expect(existsSync(new URL(file, root)), `${name}: ${file}`).toBe(true);
    }
  });

  test('covers every layer and every backend', () => {
    for (const layer of ['reference', 'wasm', 'gpu', 'autodiff', 'nn', 'data', 'ntk', 'search']) {
      expect(mutants.filter(({ name }) => name.startsWith(`${layer}/`)).length, layer).toBeGreaterThanOrEqual(8);
    }
    expect(mutants.length).toBeGreaterThanOrEqual(60);
  });
});

test('a text that is not there once is refused', () => {
  const mutant = { name: 'a/b', file: 'x.ts', text: 'one', becomes: '$&two', tests: [] };
  expect(plant('one, three', mutant)).toBe('$&two, three');
  for (const source of ['', 'one one']) expect(() => plant(source, mutant)).toThrow(InputError);
  expect(() => plant('one one', mutant)).toThrow('mutant a/b: x.ts: expected "one" once, got it 2 times');
});
