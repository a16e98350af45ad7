import { SWEEP_SETTINGS } from './schemas.ts';
import type { SweepSettings } from './settings.ts';
import { parseJson, validated } from './validate.ts';

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
