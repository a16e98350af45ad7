import { SWEEP_SETTINGS } from './schemas.ts';
import type { SweepSettings } from './settings.ts';
import { parseJson, validated } from './validate.ts';

/**
 * The settings of a sweep from the text that is kept beside its table.
 *
 * @param path names the file in messages.
 * @throws InputError that names the first field that is wrong.
 *
 * @example
 * const read = parseSweepSettings(JSON.stringify(sweepSettings), 'sweep.csv.json');
 * console.log(read.channels, read.mode); // 4 train
 */
export function parseSweepSettings(text: string, path: string): SweepSettings {
  return validated(SWEEP_SETTINGS, parseJson(text, path), path);
}

/**
 * Makes sure of the settings of a sweep.
 *
 * @throws InputError that names the setting.
 *
 * @example
 * try {
 *   checkSweepSettings({ ...sweepSettings, repeats: 0 });
 * } catch (error) {
 *   console.log((error as Error).message); // sweep settings: repeats: expected at least 1, got 0
 * }
 */
export function checkSweepSettings(settings: SweepSettings): void {
  validated(SWEEP_SETTINGS, settings, 'sweep settings');
}
