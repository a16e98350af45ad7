import { InputError } from '../tensor/index.ts';
import { changesOf, type Entry, type Measurement } from './measurement.ts';
import type { Changes } from './ranking.ts';
import { candidateWork, decide, type Decision, firstRound, nextRound, referenceWork, type Round } from './schedule.ts';
import { checkSearchSettings } from './schemas.ts';
import { type SearchSettings, TIES } from './settings.ts';
import { type Choice, type Mask, SEARCH_SPACES, type SearchSpace } from './space.ts';

/** What a search needs next: one candidate, or what all candidates of the round are compared with. */
export interface Task {
  readonly round: Round;
  readonly choice: Choice | undefined;
}

/** One candidate of a round that is done. */
export interface ScoredCandidate {
  readonly choice: Choice;
  readonly before: readonly Measurement[];
  readonly after: readonly Measurement[];
  readonly changes: Changes;
}

/** A round that is done. */
export interface FinishedRound {
  readonly round: Round;
  readonly candidates: readonly ScoredCandidate[];
  readonly decision: Decision;
}

/**
 * TE-NAS's search as a function of its measurements: a machine that says what it needs to know next. It
 * holds no clock, no file and no random number, and two machines with the same answers are the same. So the list of all
 * measurements is everything that has to be saved, and a search is taken up again by telling a new machine everything once more.
 *
 * @example
 * const search = new Search(settings); // by numbers of linear regions; paired: one reference a round
 * search.record({ before: [{ regions: 100 }] });
 * while (search.finished.length === 0) {
 *   const { op } = search.next!.choice!;
 *   search.record({ after: [{ regions: op === 3 ? 50 : 90 }] }); // what a Measurer would measure
 * }
 * console.log(search.entries.length, countOperations(search.mask)); // 25 18
 */
export class Search {
  readonly settings: SearchSettings;
  readonly space: SearchSpace;
  readonly #entries: Entry[] = [];
  readonly #finished: FinishedRound[] = [];
  #round: Round | undefined;
  #mask: Mask;
  #reference: readonly Measurement[] | undefined;
  #scored: ScoredCandidate[] = [];
  #work = 0;

  /**
   * @param entries what was measured already, in order.
   * @throws InputError when they are not a search's, or a setting has an unknown value.
   */
  constructor(settings: SearchSettings, entries: readonly Entry[] = []) {
    checkSearchSettings(settings);
    this.settings = settings;
    this.space = SEARCH_SPACES[settings.space];
    this.#round = firstRound(this.space);
    this.#mask = this.#round.mask;
    for (const entry of entries) this.record(entry);
  }

  /** Everything that was measured, in order. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The rounds that are done. */
  get finished(): readonly FinishedRound[] {
    return this.#finished;
  }

  /** What the supernet has now. */
  get mask(): Mask {
    return this.#mask;
  }

  /** How much is done; see {@link totalWork}. */
  get work(): number {
    return this.#work;
  }

  /** What is to be measured next, or undefined when the search is at its end. */
  get next(): Task | undefined {
    if (this.#round === undefined) return undefined;
    const choice = this.#needsReference() ? undefined : this.#round.candidates[this.#scored.length];
    return { round: this.#round, choice };
  }

  /** All of the round's tasks that are open, in order: none of them depends on another's outcome. */
  get tasks(): readonly Task[] {
    const round = this.#round;
    if (round === undefined) return [];
    const candidates = round.candidates.slice(this.#scored.length).map((choice) => ({ round, choice }));
    return this.#needsReference() ? [{ round, choice: undefined }, ...candidates] : candidates;
  }

  /** The architecture, once the search is at its end. */
  get genotype(): string | undefined {
    return this.#round === undefined ? this.space.genotype(this.#mask) : undefined;
  }

  /**
   * Tells the outcome of {@link Search.next}, and goes on.
   *
   * @throws InputError when it is not the outcome of that.
   */
  record(entry: Entry): void {
    const round = this.#round;
    if (round === undefined) throw new InputError('search: expected no measurement after the last round, got one');
    if (this.#needsReference()) {
      this.#reference = this.#checked(entry.before);
      this.#work += referenceWork(round.mask);
      this.#entries.push(entry);
      return;
    }
    const before = this.#reference ?? this.#checked(entry.before);
    const after = this.#checked(entry.after);
    this.#entries.push(entry);
    this.#work += candidateWork(round.mask) + (this.settings.paired ? 0 : referenceWork(round.mask));
    const choice = round.candidates[this.#scored.length];
    this.#scored.push({ choice, before, after, changes: changesOf(before, after, this.settings) });
    if (this.#scored.length === round.candidates.length) this.#finish(round);
  }

  #needsReference(): boolean {
    return this.settings.paired && this.#reference === undefined;
  }

  #finish(round: Round): void {
    const { pruneNumber, digits, fidelity } = this.settings;
    const changes = this.#scored.map((candidate) => candidate.changes);
    const decision = decide(this.space, round, changes, { pruneNumber, digits, ties: TIES[fidelity] });
    this.#finished.push({ round, candidates: this.#scored, decision });
    this.#mask = decision.mask;
    this.#round = nextRound(this.space, round, decision.mask);
    this.#reference = undefined;
    this.#scored = [];
  }

  #checked(measurements: readonly Measurement[] | undefined): readonly Measurement[] {
    const { repeats, criteria } = this.settings;
    const complete = measurements?.every(
      ({ kappa, regions }) =>
        (criteria === 'regions' || kappa !== undefined) && (criteria === 'kappa' || regions !== undefined),
    );
    if (measurements === undefined || measurements.length !== repeats || !complete) {
      throw new InputError(
        `search: expected ${repeats} measurements of ${criteria === 'both' ? 'kappa and regions' : criteria}, ` +
          `got ${JSON.stringify(measurements)?.slice(0, 60) ?? 'none'}`,
      );
    }
    return measurements;
  }
}
