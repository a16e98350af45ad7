import { parseArgs } from 'node:util';
import { fuzzCommandLine } from './commandLine.ts';
import { type FuzzReport, fuzzReader } from './fuzz.ts';
import { readers } from './readers.ts';

// npm run fuzz -- --runs N [--reader NAME] [--seed S]: every reader, or one; `command line` is one, too.

const COMMAND_LINE = 'command line';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '1000' }, reader: { type: 'string' }, seed: { type: 'string' } },
});
const runs = Number(values.runs);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const names = [...readers.map(({ name }) => name), COMMAND_LINE];
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed)) {
  throw new Error(`expected whole numbers for --runs and --seed, got ${values.runs} and ${values.seed}`);
}
if (values.reader !== undefined && !names.includes(values.reader)) {
  throw new Error(`--reader: expected one of ${names.join(', ')}, got ${values.reader}`);
}

function tell({ reader, runs, accepted, slowestMilliseconds, mostBytes, failure }: FuzzReport): void {
  const numbers = `${runs} files, ${accepted} read all the same, the slowest in ${slowestMilliseconds.toFixed(0)} ms, at most ${mostBytes} bytes`;
  console.log(`${reader}: ${failure === undefined ? numbers : `BROKEN after ${runs}\n${failure}`}`);
  if (failure !== undefined) process.exitCode = 1;
}

console.log(`seed ${seed}`);
for (const reader of readers) {
  if (values.reader === undefined || values.reader === reader.name) tell(fuzzReader(reader, { runs, seed }));
}
if (values.reader === undefined || values.reader === COMMAND_LINE) {
  const failure = await fuzzCommandLine({ runs, seed });
  console.log(`${COMMAND_LINE}: ${failure === undefined ? `${runs} command lines` : `BROKEN\n${failure}`}`);
  if (failure !== undefined) process.exitCode = 1;
}
