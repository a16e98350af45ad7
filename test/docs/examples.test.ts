import { describe, expect, test } from 'vitest';
import { exportedFunctions, pageOf } from '../support/apiExamples.ts';
import { run, typeErrors } from '../support/snippets.ts';

const functions = exportedFunctions('src/index.ts');
const examples = functions.flatMap(({ name, examples }) => examples.map((each) => pageOf(name, each)));

test('every function of the main entry has an example', () => {
  expect(functions.length).toBeGreaterThan(30);
  expect(functions.filter((each) => each.examples.length === 0).map(({ name }) => name)).toEqual([]);
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
