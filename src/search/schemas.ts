import * as v from 'valibot';
import { verdictOf } from '../ntk/index.ts';
import { DTYPES } from '../tensor/index.ts';
import type { KappaMeasurement, Measurement } from './measurement.ts';
import { CRITERIA, FIDELITIES, type SearchSettings, type SweepSettings } from './settings.ts';
import { validated } from './validate.ts';

// What is read from disk, or given by code without types, is checked whole before anything is made of it.

const count = v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1'));
const seed = v.pipe(v.number(), v.integer('a whole number'));
const finite = v.pipe(v.number(), v.finite('a finite number'));
const text = v.string();

const regions = v.strictObject({ batches: count, samples: count });

/** {@link SearchSettings} as JSON. */
export const SEARCH_SETTINGS: v.GenericSchema<SearchSettings> = v.strictObject({
  space: v.picklist(['nas-bench-201', 'darts']),
  fidelity: v.picklist(FIDELITIES),
  criteria: v.picklist(CRITERIA),
  paired: v.boolean(),
  seed,
  data: text,
  classes: count,
  batchSize: count,
  repeats: count,
  pruneNumber: count,
  digits: v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'at least 0')),
  regions,
  backend: text,
  dtype: v.picklist(DTYPES),
});

/**
 * Makes sure of the settings of a search.
 *
 * @throws InputError that names the setting.
 */
export function checkSearchSettings(settings: SearchSettings): void {
  validated(SEARCH_SETTINGS, settings, 'search settings');
}

/** {@link SweepSettings} as JSON. */
export const SWEEP_SETTINGS: v.GenericSchema<SweepSettings> = v.strictObject({
  data: text,
  channels: count,
  cells: v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'at least 0')),
  classes: count,
  batchSize: count,
  repeats: count,
  mode: v.picklist(['train', 'eval']),
  init: v.picklist(FIDELITIES),
  seed,
  regions,
  backend: text,
  dtype: v.picklist(DTYPES),
});

/** A κ as it is kept: the verdict is what the numbers say. */
export const kappa: v.GenericSchema<KappaMeasurement> = v.pipe(
  v.strictObject({
    lambdaMin: finite,
    lambdaMax: finite,
    noiseFloor: v.pipe(v.number(), v.finite('a finite number'), v.minValue(0, 'at least 0')),
    verdict: v.picklist(['resolved', 'lower-bound', 'indefinite']),
  }),
  v.check(({ lambdaMin, lambdaMax }) => lambdaMin <= lambdaMax, 'lambdaMin of at most lambdaMax'),
  v.check(
    ({ lambdaMin, noiseFloor, verdict }) => verdict === verdictOf(lambdaMin, noiseFloor),
    'the verdict that lambdaMin and noiseFloor give',
  ),
);

/** One draw of one network. */
export const measurement: v.GenericSchema<Measurement> = v.strictObject({
  kappa: v.exactOptional(kappa),
  regions: v.exactOptional(count),
});
