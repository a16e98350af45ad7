import type { Backend } from '../../tensor/index.ts';
import type { Law } from '../law.ts';
import { degenerate } from './degenerate.ts';
import { derivatives, rules } from './derivatives.ts';
import { eigen } from './eigen.ts';
import { reruns } from './reruns.ts';
import { rowValues } from './rowValues.ts';
import { masks } from './masks.ts';
import { largeValues, values } from './values.ts';

/** Laws of what a backend computes: values, derivatives, and inputs that random numbers never are. */
export const backendLaws: readonly Law<Backend>[] = [
  values,
  largeValues,
  rowValues,
  reruns,
  eigen,
  ...derivatives,
  masks,
  ...degenerate,
];

/** Laws of the derivative rules, in float64 on the reference backend whatever the subject. */
export const ruleLaws: readonly Law<Backend>[] = rules;
