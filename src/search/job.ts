import * as v from 'valibot';
import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';
import { type Genotype, parseGenotype } from '../nn/index.ts';
import type { CellMeasurement } from './cellMeasurer.ts';
import type { Entry } from './measurement.ts';
import type { RoundState } from './schedule.ts';
import { kappa, measurement, SEARCH_SETTINGS, SWEEP_SETTINGS } from './schemas.ts';
import type { Task } from './search.ts';
import type { SearchSettings, SweepSettings } from './settings.ts';
import { type Choice, formatMask, type Mask, parseMask, SEARCH_SPACES } from './space.ts';
import { validated } from './validate.ts';

// A measurement that another process makes. A job holds everything that its numbers depend on, and nothing else: settings
// (with seed and repeats), the images by their digest, who may compute it, and a cell or a candidate. Who gets one checks
// it whole; nothing in it is a path, or is run.

/** What measurements have in common. */
export interface JobOrigin {
  /** SHA-256 of the images. */
  readonly images: string;
  /** What computes it, by name: version, backend, precision, … */
  readonly computer: string;
}

/** κ and regions of a cell, in all repeats of a sweep. */
export interface CellJob extends JobOrigin {
  readonly kind: 'cell';
  readonly settings: SweepSettings;
  readonly cell: Genotype;
}

/** One candidate of a search's round, or, without a choice, what all of them are compared with. */
export interface CandidateJob extends JobOrigin {
  readonly kind: 'candidate';
  readonly settings: SearchSettings;
  readonly round: RoundState;
  readonly choice: Choice | undefined;
}

/** A measurement that another process makes. */
export type MeasurementJob = CellJob | CandidateJob;

/**
 * A task of a search as a job.
 *
 * @example
 * const { tasks } = new Search(settings);
 * const origin = { images: '0'.repeat(64), computer: 'ntkit 0.1.0 wasm float32' };
 * const { kind, choice } = candidateJob(settings, origin, tasks[1]);
 * console.log(kind, choice); // candidate { cell: 0, edge: 0, op: 1 }
 */
export function candidateJob(settings: SearchSettings, origin: JobOrigin, { round, choice }: Task): CandidateJob {
  return { kind: 'candidate', settings, ...origin, round, choice };
}

/**
 * A job as JSON: what {@link parseJob} reads.
 *
 * @example
 * const origin = { images: '0'.repeat(64), computer: 'ntkit 0.1.0 wasm float32' };
 * const sent = JSON.stringify(jobToJson({ kind: 'cell', settings: sweepSettings, ...origin, cell: cellAt(1) }));
 * console.log(parseJob(JSON.parse(sent), 'job 1').kind); // cell
 */
export function jobToJson(job: MeasurementJob): object {
  if (job.kind === 'cell') return { ...job, cell: formatCell(job.cell) };
  const { index, phase, mask, phaseMask } = job.round;
  return { ...job, round: { index, phase, mask: formatMask(mask), phaseMask: formatMask(phaseMask) } };
}

/** As few bytes as say it: architecture strings repeat what is the same in all. */
const formatCell = (cell: Genotype) => cell.map((edges) => edges.join(' ')).join(', ');

/** The most that a job may ask for: what the command's own options allow, and what memory does. */
const MOST: Readonly<Record<string, number>> = {
  channels: 4096,
  cells: 100,
  classes: 100_000,
  batchSize: 2 ** 16,
  repeats: 10_000,
  pruneNumber: 1000,
  digits: 100,
};

/** Crops of one linear-region count. */
const MOST_CROPS = 2 ** 24;

const index = (most: number) =>
  v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'at least 0'), v.maxValue(most, `at most ${most}`));
const common = {
  images: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')),
  computer: v.pipe(v.string(), v.maxLength(100, 'at most 100 characters')),
};
const mask = v.pipe(v.string(), v.maxLength(10_000, 'at most 10000 characters'));

const CELL_JOB = v.strictObject({
  kind: v.literal('cell'),
  settings: SWEEP_SETTINGS,
  ...common,
  cell: v.pipe(v.string(), v.maxLength(1000, 'at most 1000 characters')),
});

const CANDIDATE_JOB = v.strictObject({
  kind: v.literal('candidate'),
  settings: SEARCH_SETTINGS,
  ...common,
  round: v.strictObject({ index: index(10_000), phase: v.picklist(['operations', 'edges']), mask, phaseMask: mask }),
  choice: v.optional(v.strictObject({ cell: index(100), edge: index(1000), op: index(100) })),
});

const KIND = v.object({ kind: v.picklist(['cell', 'candidate']) });

/**
 * A job from JSON, checked whole.
 *
 * @param where names it in messages.
 * @throws InputError that names the first field that is wrong.
 *
 * @example
 * try {
 *   parseJob({ kind: 'cell', cell: 'nor_conv_3x3' }, 'job 1');
 * } catch (error) {
 *   console.log((error as Error).message); // job 1: settings: expected this field, got nothing
 * }
 */
export function parseJob(value: unknown, where: string): MeasurementJob {
  const { kind } = validated(KIND, value, where);
  if (kind === 'cell') {
    const job = validated(CELL_JOB, value, where);
    requireBounds(job.settings, where);
    return { ...job, cell: parseCell(job.cell, where) };
  }
  const { choice, ...job } = validated(CANDIDATE_JOB, value, where);
  requireBounds(job.settings, where);
  const space = SEARCH_SPACES[job.settings.space];
  const round = {
    ...job.round,
    mask: parseMask(space, job.round.mask, `${where}: round.mask`),
    phaseMask: parseMask(space, job.round.phaseMask, `${where}: round.phaseMask`),
  };
  if (choice !== undefined) requireChoice(round.mask, choice, where);
  return { ...job, round, choice };
}

function parseCell(text: string, where: string): Genotype {
  const edges = text.split(', ').map((node) => node.split(' '));
  const written = edges.map((ops) => `|${ops.map((op, from) => `${op}~${from}`).join('|')}|`).join('+');
  try {
    return parseGenotype(written);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${where}: cell: ${error.message}`);
  }
}

function requireBounds(settings: SweepSettings | SearchSettings, where: string): void {
  for (const [name, value] of Object.entries(settings)) {
    const most = Object.hasOwn(MOST, name) ? MOST[name] : Infinity;
    if (typeof value !== 'number' || value <= most) continue;
    throw new InputError(`${where}: settings.${name}: expected at most ${most}, got ${value}`);
  }
  const { batches, samples } = settings.regions;
  if (batches * samples > MOST_CROPS) {
    throw new InputError(`${where}: settings.regions: expected at most ${MOST_CROPS} crops, got ${batches * samples}`);
  }
}

function requireChoice(mask: Mask, choice: Choice, where: string): void {
  if (mask[choice.cell]?.[choice.edge]?.[choice.op]) return;
  throw new InputError(`${where}: choice: expected an operation of the round, got ${formatValue(choice)}`);
}

const ENTRY = v.strictObject({
  before: v.exactOptional(v.array(measurement)),
  after: v.exactOptional(v.array(measurement)),
});

/**
 * What was measured of a candidate, from JSON.
 *
 * @throws InputError that names the first field that is wrong.
 *
 * @example
 * const entry = parseEntry({ after: [{ regions: 90 }] }, settings, 'job 1');
 * console.log(entry); // { after: [ { regions: 90 } ] }
 */
export function parseEntry(value: unknown, { regions, repeats }: SearchSettings, where: string): Entry {
  const entry = validated(ENTRY, value, where);
  for (const part of ['before', 'after'] as const) {
    if (entry[part] === undefined) continue;
    requireLength(entry[part], repeats, `${where}: ${part}`);
    for (const { regions: count } of entry[part]) if (count !== undefined) requireRegions(count, regions, where);
  }
  return entry;
}

const MEASUREMENT = v.strictObject({
  kappas: v.array(kappa),
  regions: v.array(v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1'))),
});

/**
 * What was measured of a cell, from JSON.
 *
 * @throws InputError that names the first field that is wrong.
 *
 * @example
 * const kappas = [{ lambdaMin: 1, lambdaMax: 10, noiseFloor: 1e-6, verdict: 'resolved' }];
 * const measured = parseCellMeasurement({ kappas, regions: [7] }, sweepSettings, 'job 1');
 * console.log(measured.kappas[0].lambdaMax, measured.regions); // 10 [ 7 ]
 */
export function parseCellMeasurement(
  value: unknown,
  { regions, repeats }: SweepSettings,
  where: string,
): CellMeasurement {
  const measured = validated(MEASUREMENT, value, where);
  requireLength(measured.kappas, repeats, `${where}: kappas`);
  requireLength(measured.regions, repeats, `${where}: regions`);
  for (const count of measured.regions) requireRegions(count, regions, where);
  return measured;
}

function requireLength({ length }: readonly unknown[], repeats: number, where: string): void {
  if (length !== repeats) throw new InputError(`${where}: expected ${repeats}, one per repeat, got ${length}`);
}

function requireRegions(count: number, { batches, samples }: SweepSettings['regions'], where: string): void {
  if (count <= batches * samples) return;
  throw new InputError(`${where}: regions: expected at most ${batches * samples}, one per sample, got ${count}`);
}
