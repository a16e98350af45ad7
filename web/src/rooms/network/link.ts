import * as v from 'valibot';
import { BACKENDS } from '../../backendNames.ts';
import { choice, integer, linkState, text } from '../../link.ts';
import { EXAMPLES } from './examples.ts';
import { SOURCES } from './request.ts';

const isOutputs = (value: string) => /^(sum|trace|full|\d{1,6})$/.test(value);

/** Whether a text says which parameters: `weight`, `all`, or a regular expression between slashes. */
export function isParameters(value: string): boolean {
  if (value === 'weight' || value === 'all') return true;
  const source = /^\/(.+)\/$/.exec(value)?.[1];
  if (source === undefined) return false;
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

/** What the link of the room holds: everything but a file that was dropped. */
export const networkSchema = v.object({
  /** The network to begin with when none was dropped. */
  example: text(EXAMPLES[0].name, `one of ${EXAMPLES.map(({ name }) => name).join(', ')}`, (value) =>
    EXAMPLES.some(({ name }) => name === value),
  ),
  images: choice(['auto', ...SOURCES], 'auto'),
  batch: integer(2, 64, 8),
  seed: integer(0, 1_000_000, 0),
  mode: choice(['auto', 'train', 'eval'], 'auto'),
  outputs: text('sum', 'sum, trace, full or the number of an output', isOutputs),
  parameters: text('weight', 'weight, all or /REGEX/', isParameters),
  backend: choice(BACKENDS, 'wasm'),
  dtype: choice(['float32', 'float64'], 'float32'),
  by: choice(['layer', 'parameter', 'edge'], 'layer'),
});

export const { state, problem, update, hrefWith } = linkState('network', networkSchema);
