import fc from 'fast-check';
import { InputError, NtkitError } from '../tensor/index.ts';
import { programOf, type Snippet } from './source.ts';

/** What a law compares in one case. It holds where `error` is at most `bound`, and never where one of them is NaN. */
export interface Measured {
  /** Which quantity, and of what: `element 3 of convolution`. */
  readonly what: string;
  /** How far it is off, in the unit of the bound. */
  readonly error: number;
  /** How far it may be off, by an argument about rounding that stands where the bound is computed. */
  readonly bound: number;
}

/** A law of a kind of subject: a statement, the cases that it is tried on, and what it compares in each. */
export interface LawDefinition<Subject, Case> {
  /** Unique among all laws. */
  readonly name: string;
  /** One sentence. */
  readonly statement: string;
  /** Cases by kind: as many are tried of each kind. */
  readonly cases: Readonly<Record<string, fc.Arbitrary<Case>>>;
  /** How many cases of a kind are tried where 1 is the default number; costly laws have a smaller share. */
  readonly share?: number;
  /** Compares. What a subject throws counts as a broken law. */
  readonly check: (subject: Subject, drawn: Case) => Promise<readonly Measured[]>;
  /** Code that makes the case. */
  readonly source: (drawn: Case) => Snippet;
}

/** A law of a kind of subject; see {@link LawDefinition}. */
export interface Law<Subject> {
  readonly name: string;
  readonly statement: string;
  /** Tries random cases. The law's record says whether it holds. */
  run(subject: Subject, options?: LawOptions): Promise<LawRecord>;
  /**
   * One case, as the printed code of a failure has it.
   *
   * @returns the quantity that is nearest to its bound.
   * @throws LawError when the law does not hold.
   */
  check(subject: Subject, drawn: unknown): Promise<Measured>;
}

/** How laws are tried. */
export interface LawOptions {
  /** Cases of a kind, for a law whose share is 1; 20 by default. */
  readonly runs?: number | undefined;
  /** Of everything that is drawn; 0 by default. */
  readonly seed?: number | undefined;
  /** Code that makes the subject, under the name `subject`, for the printed code of a failure. */
  readonly subjectSource?: Snippet | undefined;
  /** The kinds of cases to try, of a law that has several; all by default. */
  readonly kinds?: readonly string[] | undefined;
  /** Ends the work: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** For how many milliseconds a failing case is made smaller; 10,000 by default. */
  readonly shrinkFor?: number | undefined;
}

/** What came of a law. */
export interface LawRecord {
  readonly law: string;
  readonly statement: string;
  /** How many cases were tried, those that only made a failing case smaller left out. */
  readonly cases: number;
  /** The quantity that came nearest to its bound, or went furthest beyond it. */
  readonly worst: Measured;
  readonly seed: number;
  readonly seconds: number;
  /** Why the law is broken, in one line, and a program that shows it; absent where it holds. */
  readonly broken?: { readonly message: string; readonly source: string };
}

/** A law that does not hold. */
export class LawError extends NtkitError {
  override name = 'LawError';
  /** A program that shows it; empty where the case was given. */
  readonly source: string;

  constructor(message: string, source = '', options?: ErrorOptions) {
    super(message, options);
    this.source = source;
  }
}

/**
 * How many times its bound an error is.
 *
 * @example
 * console.log(excess({ what: 'a sum', error: 3e-7, bound: 1e-7 }).toFixed(1)); // 3.0
 */
export function excess({ error, bound }: Measured): number {
  if (error <= bound) return bound === 0 ? 0 : error / bound;
  return error > bound && bound > 0 ? error / bound : Infinity;
}

/**
 * Makes a law of its definition.
 *
 * @example
 * const even = law<(n: number) => number, number>({
 *   name: 'halves',
 *   statement: 'Half of n, twice, is n.',
 *   cases: { small: extent(9) },
 *   check: (half, n) => Promise.resolve([{ what: 'n', error: Math.abs(2 * half(n) - n), bound: 0 }]),
 *   source: (n) => ({ imports: {}, expression: String(n) }),
 * });
 * const { broken } = await even.run((n) => Math.floor(n / 2), { seed: 1 });
 * console.log(broken?.message); // halves: n: expected an error of at most 0, got 1
 */
export function law<Subject, Case>(definition: LawDefinition<Subject, Case>): Law<Subject> {
  const { name, statement } = definition;
  return {
    ...{ name, statement },
    run: (subject, options) => run(definition, subject, options ?? {}),
    check: async (subject, drawn) => {
      const worst = worstOf(await definition.check(subject, drawn as Case));
      if (!(worst.error <= worst.bound)) throw new LawError(messageOf(name, worst));
      return worst;
    },
  };
}

/**
 * Tries laws on a subject, one after another.
 *
 * @param onRecord is called with the record of each law when it is done.
 * @throws InputError when an option makes no sense; the signal's reason when it is aborted.
 *
 * @example
 * const [record] = await runLaws(backendLaws.slice(0, 1), referenceBackend, { runs: 2 });
 * console.log(record.law, record.broken); // value of a primitive undefined
 */
export async function runLaws<Subject>(
  laws: readonly Law<Subject>[],
  subject: Subject,
  options: LawOptions = {},
  onRecord?: (record: LawRecord) => void,
): Promise<LawRecord[]> {
  const records: LawRecord[] = [];
  for (const each of laws) {
    options.signal?.throwIfAborted();
    records.push(await each.run(subject, options));
    onRecord?.(records[records.length - 1]);
  }
  return records;
}

/**
 * Tries a law on random cases, for the tests of an implementation.
 *
 * @throws LawError when it is broken: the message tells the smallest case that was found, as a program.
 *
 * @example
 * const [first] = backendLaws;
 * await assertLaw(first, referenceBackend, { runs: 2 }); // throws a LawError when it is broken
 * console.log(first.name); // value of a primitive
 */
export async function assertLaw<Subject>(law: Law<Subject>, subject: Subject, options: LawOptions = {}): Promise<void> {
  const { broken } = await law.run(subject, options);
  if (broken) throw new LawError(broken.message, broken.source);
}

const DEFAULT_RUNS = 20;

async function run<Subject, Case>(
  definition: LawDefinition<Subject, Case>,
  subject: Subject,
  { runs = DEFAULT_RUNS, seed = 0, subjectSource, kinds, signal, shrinkFor = 10_000 }: LawOptions,
): Promise<LawRecord> {
  if (!Number.isSafeInteger(runs) || runs < 1) throw new InputError(`laws: runs: expected an integer ≥ 1, got ${runs}`);
  if (!Number.isSafeInteger(seed) || seed < 0 || seed >= 2 ** 31) {
    throw new InputError(`laws: seed: expected an integer from 0 to 2^31 - 1, got ${seed}`);
  }
  const { name, statement, share = 1, check, source } = definition;
  const all = Object.entries(definition.cases);
  const unknown = kinds?.find((kind) => !(kind in definition.cases));
  if (unknown !== undefined)
    throw new InputError(`${name}: kinds: expected some of ${all.map(([kind]) => kind).join(', ')}, got ${unknown}`);
  const start = performance.now();
  const record = { law: name, statement, seed };
  const seconds = () => (performance.now() - start) / 1000;
  let worst: Measured = { what: 'nothing', error: 0, bound: 0 };
  let cases = 0;
  for (const [kind, arbitrary] of all) {
    if (kinds && !kinds.includes(kind)) continue;
    let failure: { readonly drawn: Case; readonly message: string; readonly worst: Measured } | undefined;
    let failedAt = Infinity;
    const property = fc.asyncProperty(arbitrary, async (drawn) => {
      // Time is up: what was found stays the smallest.
      if (signal?.aborted || performance.now() - failedAt > shrinkFor) return true;
      if (failure === undefined) cases += 1;
      const found = await examine(() => check(subject, drawn), name);
      if (found.message === undefined) {
        if (excess(found.worst) >= excess(worst)) worst = found.worst;
        return true;
      }
      failure = { drawn, message: found.message, worst: found.worst };
      failedAt = Math.min(failedAt, performance.now());
      return false;
    });
    await fc.check(property, { numRuns: Math.max(1, Math.round(runs * share)), seed });
    signal?.throwIfAborted();
    if (failure !== undefined) {
      const program = programOf(name, subjectSource, source(failure.drawn), failure.message);
      const where = all.length > 1 ? ` (${kind})` : '';
      const broken = { message: `${failure.message}${where}`, source: program };
      return { ...record, cases, worst: failure.worst, seconds: seconds(), broken };
    }
  }
  return { ...record, cases, worst, seconds: seconds() };
}

/** What came of a case; a message where the law does not hold. */
async function examine(
  compare: () => Promise<readonly Measured[]>,
  name: string,
): Promise<{ readonly worst: Measured; readonly message?: string }> {
  try {
    const worst = worstOf(await compare());
    return worst.error <= worst.bound ? { worst } : { worst, message: messageOf(name, worst) };
  } catch (error) {
    if (fc.PreconditionFailure.isFailure(error)) throw error; // no case of this law
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { worst: { what, error: Infinity, bound: 0 }, message: `${name}: ${what}` };
  }
}

function worstOf(all: readonly Measured[]): Measured {
  return all.reduce((a, b) => (excess(b) >= excess(a) ? b : a), { what: 'nothing', error: 0, bound: 0 });
}

function messageOf(name: string, { what, error, bound }: Measured): string {
  return `${name}: ${what}: expected an error of at most ${short(bound)}, got ${short(error)}`;
}

const short = (x: number) => (Number.isFinite(x) ? String(Number(x.toPrecision(3))) : String(x));
