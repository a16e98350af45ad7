import { NAS_BENCH_201_SPACE, WELL_KNOWN_CELLS } from 'ntkit/nn';
import * as v from 'valibot';
import { choice, integer, linkState, text } from '../../link.ts';
import { BACKENDS } from './request.ts';

const EDGE = `(${NAS_BENCH_201_SPACE.join('|')})`;
const ARCH = new RegExp(`^\\|${EDGE}~0\\|\\+\\|${EDGE}~0\\|${EDGE}~1\\|\\+\\|${EDGE}~0\\|${EDGE}~1\\|${EDGE}~2\\|$`);
/** Whether a text is a cell. */
export const isArch = (value: string) => ARCH.test(value);
const expected = 'a NAS-Bench-201 cell, |op~0|+|op~0|op~1|+|op~0|op~1|op~2|';

/** The cell that the room opens with. */
export const FIRST_CELL = WELL_KNOWN_CELLS['best on CIFAR-100'];

/** What the link of the room says. */
export const cellSchema = v.object({
  arch: text(FIRST_CELL, expected, isArch),
  /** The second cell of a comparison; empty where there is none. */
  compare: text('', `nothing or ${expected}`, (value) => value === '' || isArch(value)),
  channels: integer(2, 32, 8),
  cells: integer(1, 5, 1),
  batch: integer(2, 64, 16),
  init: choice(['paper', 'code'], 'paper'),
  mode: choice(['train', 'eval'], 'train'),
  seed: integer(0, 1_000_000, 0),
  backend: choice(BACKENDS, 'wasm'),
});

export const { state, problem, update, hrefWith } = linkState('cell', cellSchema);
