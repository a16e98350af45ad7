import type { Mode } from '../nn/index.ts';
import type { RegionBatchSize } from './batches.ts';
import { SWEEP_SETTINGS } from './schemas.ts';
import type { Fidelity } from './settings.ts';
import { parseJson, validated } from './validate.ts';

/** Everything that a cell's measurements depend on, beside the cell. */
export interface SweepSettings {
  readonly data: string;
  /** Channels C of the first stage. */
  readonly channels: number;
  /** Cells N of each stage. */
  readonly cells: number;
  readonly classes: number;
  readonly batchSize: number;
  readonly repeats: number;
  readonly mode: Mode;
  readonly init: Fidelity;
  readonly seed: number;
  readonly regions: RegionBatchSize;
  readonly backend: string;
  readonly dtype: string;
}

/**
 * The settings of a sweep from the text that is kept beside its table.
 *
 * @param path names the file in messages.
 * @throws InputError that names the first field that is wrong.
 */
export function parseSweepSettings(text: string, path: string): SweepSettings {
  return validated(SWEEP_SETTINGS, parseJson(text, path), path);
}

/**
 * Makes sure of the settings of a sweep.
 *
 * @throws InputError that names the setting.
 */
export function checkSweepSettings(settings: SweepSettings): void {
  validated(SWEEP_SETTINGS, settings, 'sweep settings');
}
