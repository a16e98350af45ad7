import { describe, expect, test } from 'vitest';
import { NtkitError } from '../../src/tensor/index.ts';
import { runs } from '../support/runs.ts';
import { fuzzCommandLine } from './commandLine.ts';
import { fuzzReader } from './fuzz.ts';
import { readers } from './readers.ts';

// `npm run fuzz -- --runs 10000` tries more. The seed is new every time; a failure reports it.
const seed = Math.floor(Math.random() * 2 ** 31);

describe.each(readers)('a file damaged anywhere: $name', (reader) => {
  test('is read, or refused in one line, quickly, in little memory', () => {
    expect(fuzzReader(reader, { runs: runs(Math.ceil(800 / (reader.cost ?? 1))), seed }).failure).toBeUndefined();
  });
});

test('any command line succeeds, or fails with one line that says why', async () => {
  expect(await fuzzCommandLine({ runs: runs(200), seed })).toBeUndefined();
});

test('the checks find a reader that throws a foreign error or two lines, or takes too much memory', () => {
  const samples = [new Uint8Array(100)];
  const faults = [
    () => {
      throw new RangeError('Invalid typed array length');
    },
    () => {
      throw new NtkitError('long '.repeat(1000));
    },
    () => new Float64Array(2 ** 24),
  ];
  for (const fault of faults) {
    let calls = 0;
    const read = () => (calls++ === 0 ? undefined : fault());
    expect(fuzzReader({ name: 'faulty', samples, read }, { runs: 10, seed: 0 }).failure).toMatch(/^seed 0, sample 0: /);
  }
});
