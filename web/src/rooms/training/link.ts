import { computed } from '@preact/signals';
import * as v from 'valibot';
import { choice, integer, linkState, number, text } from '../../link.ts';
import { ACTIVATIONS } from './activations.ts';
import { type Problem, PROBLEM_NAMES, PROBLEMS } from './problem.ts';
import type { RunSettings } from './run.ts';
import { EXPECTED_SAMPLES, isSamples, samplesOf } from './samples.ts';

/** Units of a hidden layer: the slider's values. */
export const WIDTHS = [8, 16, 32, 64, 128, 256, 512, 1024];

/** Multiples of 2/λmax: the slider's values, finer up to the limit than beyond it. */
export const RATES = [
  ...Array.from({ length: 20 }, (_, i) => (i + 1) / 20),
  ...Array.from({ length: 10 }, (_, i) => (i + 11) / 10),
  ...Array.from({ length: 8 }, (_, i) => (i + 5) / 2),
];

/** Steps between two frames. */
export const SPEEDS = [1, 2, 5, 10, 20, 50, 100];

/** What the link of the room holds. */
export const trainingSchema = v.object({
  problem: choice(PROBLEM_NAMES, 'sine'),
  /** Samples that replace the problem's own. */
  samples: text('', EXPECTED_SAMPLES, isSamples),
  width: integer(1, 1024, 512),
  depth: integer(1, 4, 2),
  activation: choice(ACTIVATIONS, 'erf'),
  /** The learning rate as a multiple of 2/λmax. */
  rate: number(0.01, 6, 0.3),
  seed: integer(0, 1_000_000, 0),
  speed: integer(1, 100, 1),
});

const linked = linkState('training', trainingSchema);
export const { state, update } = linked;

/** The problem that is chosen. */
export const chosen = computed<Problem>(() => PROBLEMS[state.value.problem]);

/** The samples that are trained on. */
export const samples = computed(() => samplesOf(chosen.value, state.value.samples));

/** What is wrong with the link, in one line. */
export const problem = computed(() => {
  const misfit = state.value.samples !== '' && samples.value === chosen.value.samples;
  const { inputs } = chosen.value;
  const list = inputs === 1 ? 'x,y|x,y' : 'x,x,y|x,x,y';
  return (
    linked.problem.value ??
    (misfit ? `link: samples: expected ${list} for this problem; its own samples are used` : undefined)
  );
});

let previous: { readonly key: string; readonly settings: RunSettings } | undefined;

/** The settings of a run. The speed is not one of them. */
export const settings = computed<RunSettings>(() => {
  const { width, depth, activation, rate, seed } = state.value;
  const next = { architecture: { width, depth, activation }, samples: samples.value, rate, seed };
  const key = JSON.stringify(next);
  if (previous?.key !== key) previous = { key, settings: next };
  return previous.settings;
});
