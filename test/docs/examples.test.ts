import { describe, expect, test } from 'vitest';
import { exportedFunctions, pageOf } from '../support/apiExamples.ts';
import { run, typeErrors } from '../support/snippets.ts';

const functions = exportedFunctions('src/index.ts');
const entries = [functions, exportedFunctions('src/nn/index.ts'), exportedFunctions('src/ntk/index.ts')];
const printing = new Map(
  entries.flat().flatMap(({ name, examples }) => {
    const all = examples.filter((each) => each.includes('console.log'));
    return all.length > 0 ? [[name, all.map((each) => pageOf(name, each))] as const] : [];
  }),
);
const examples = [...printing.values()].flat();

test('every function of the main entry has an example that prints something', () => {
  expect(functions.length).toBeGreaterThan(30);
  expect(functions.map(({ name }) => name).filter((name) => !printing.has(name))).toEqual([]);
});

test('the examples type-check, and a wrong one would not', () => {
  const wrong = pageOf('wrong', 'ndarray([1], 1);');
  expect(typeErrors([...examples, wrong])).toEqual([expect.stringMatching(/^test\/wrong\.ts: .*not assignable/)]);
});

describe('the example of', () => {
  test.each(examples)('$name runs, and prints what it says', async (example) => {
    const { stated } = example;
    expect(stated.length).toBeGreaterThan(0);
    expect(await run(example)).toEqual(stated);
  });
});
