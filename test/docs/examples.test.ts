import { describe, expect, test } from 'vitest';
import { exportedFunctions, pageOf } from '../support/apiExamples.ts';
import { run, typeErrors } from '../support/snippets.ts';

const entries = ['src/index.ts', 'src/nn/index.ts', 'src/ntk/index.ts', 'src/training/index.ts'].map((entry) => ({
  entry,
  functions: exportedFunctions(entry),
}));
// By name: the main entry exports functions of the others.
const pages = new Map(
  entries.flatMap(({ functions }) =>
    functions.map(({ name, examples }) => [name, examples.map((each) => pageOf(name, each))] as const),
  ),
);
const examples = [...pages.values()].flat();

test.each(entries)('every function of $entry has an example', ({ functions }) => {
  expect(functions.length).toBeGreaterThan(3);
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
