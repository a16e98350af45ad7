import type { Mode } from '../../nn/index.ts';
import type { KernelOutputs, ParameterChoice } from '../../ntk/index.ts';
import { InputError } from '../../tensor/index.ts';
import { oneOf } from '../../check.ts';

/** What a kernel is of. */
export interface KernelSettings {
  readonly mode: Mode;
  readonly outputs: KernelOutputs;
  readonly parameters: ParameterChoice;
}

/** What a file says of its kernel. What it does not say may be any. */
export type StatedSettings = { readonly [K in keyof KernelSettings]?: KernelSettings[K] | undefined };

/**
 * The settings that strings of a file give: `outputs` (`sum`, `trace`, `full` or the number of an output), `parameters`
 * (`weight`, `all` or `/REGEX/`) and `mode`.
 *
 * @param where names the file in messages.
 * @throws InputError when one is none of the choices.
 *
 * @example
 * const { outputs, parameters } = parseSettings({ outputs: 'trace', parameters: '/weight/' }, 'sent.safetensors');
 * console.log(outputs, parameters); // trace /weight/
 */
export function parseSettings(metadata: Readonly<Record<string, string | undefined>>, where: string): StatedSettings {
  const { outputs, parameters, mode } = metadata;
  return {
    mode: mode === undefined ? undefined : oneOf<Mode>(`${where}: mode`, mode, ['train', 'eval']),
    outputs: outputs === undefined ? undefined : parseOutputs(outputs, where),
    parameters: parameters === undefined ? undefined : parseParameters(parameters, where),
  };
}

function parseOutputs(text: string, where: string): KernelOutputs {
  if (text === 'sum' || text === 'trace' || text === 'full') return text;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InputError(`${where}: outputs: expected sum, trace, full or the number of an output, got ${text}`);
}

function parseParameters(text: string, where: string): ParameterChoice {
  if (text === 'weight' || text === 'all') return text;
  const [, source] = /^\/(.+)\/$/s.exec(text) ?? [];
  try {
    if (source !== undefined) return new RegExp(source);
  } catch {
    // told below
  }
  throw new InputError(`${where}: parameters: expected weight, all or /REGEX/, got ${text}`);
}
