import fc from 'fast-check';
import { NtkitError } from '../../src/tensor/index.ts';
import { mutate, type Mutation, mutations } from './mutations.ts';
import { FILE, type Reader } from './readers.ts';

/** The settings of a run. */
export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
}

/** The result of a run. */
export interface FuzzReport {
  readonly reader: string;
  readonly runs: number;
  /** Damaged files that were read. */
  readonly accepted: number;
  /** Of one file. */
  readonly slowestMilliseconds: number;
  /** The most that one file took beyond its own size. */
  readonly mostBytes: number;
  /** The failure, with the seed and the smallest file that shows it, in Base64; undefined when there is none. */
  readonly failure: string | undefined;
}

/** The memory that a reader may take: proportional to the file, and some garbage that is not collected yet. */
const bytesAllowed = (length: number) => 64 * length + 2 ** 26;

function bytesTaken(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** No file of a few kilobytes takes a second; a busy machine may take some. */
const MILLISECONDS_ALLOWED = 10_000;

/** Reads valid files after random changes: each is read, or refused in one line, quickly, in little memory. */
export function fuzzReader({ name, samples, read }: Reader, { runs, seed }: FuzzOptions): FuzzReport {
  for (const sample of samples) read(sample); // valid files are read, and code is compiled
  const seen = { accepted: 0, slowestMilliseconds: 0, mostBytes: 0 };
  const property = fc.property(fc.nat(samples.length - 1), mutations, (which, changes) => {
    const bytes = mutate(samples[which], changes);
    const before = bytesTaken();
    const began = performance.now();
    try {
      read(bytes);
      seen.accepted++;
    } catch (error) {
      checkRefusal(error);
    }
    const milliseconds = performance.now() - began;
    const taken = bytesTaken() - before;
    seen.slowestMilliseconds = Math.max(seen.slowestMilliseconds, milliseconds);
    seen.mostBytes = Math.max(seen.mostBytes, taken);
    if (milliseconds > MILLISECONDS_ALLOWED) throw new Error(`it takes ${milliseconds.toFixed(0)} ms`);
    if (taken > bytesAllowed(bytes.length)) throw new Error(`it takes ${taken} bytes for ${bytes.length}`);
  });
  const { counterexample, errorInstance, numRuns } = fc.check(property, { numRuns: runs, seed });
  return { reader: name, runs: numRuns, ...seen, failure: counterexample ? describe(counterexample) : undefined };

  function describe([which, changes]: readonly [number, readonly Mutation[]]): string {
    const smallest = Buffer.from(mutate(samples[which], changes)).toString('base64');
    const reason = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
    return `seed ${seed}, sample ${which}: ${reason}\nchanges ${formatChanges(changes)}\nfile ${smallest.slice(0, 4000)}`;
  }
}

const formatChanges = (changes: readonly Mutation[]) =>
  JSON.stringify(changes, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

/** Bad input is an error of ntkit's own, in one line of a length that can be read, which names the file. */
function checkRefusal(error: unknown): void {
  if (!(error instanceof NtkitError)) throw error;
  if (/[\n\r]/.test(error.message) || error.message.length > 2000) {
    throw new Error(`expected one line, got ${JSON.stringify(error.message.slice(0, 2100))}`);
  }
  if (!error.message.includes(FILE)) throw new Error(`expected the name of the file, got ${error.message}`);
}
