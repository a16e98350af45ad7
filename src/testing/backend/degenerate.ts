import fc from 'fast-check';
import type { Backend } from '../../tensor/index.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';
import { law, type Law, type Measured } from '../law.ts';
import { literal, type Snippet } from '../source.ts';
import {
  checkConstantChannels,
  checkLargeConstantPlane,
  checkNearlyConstantChannels,
  checkOutlier,
  PLANES,
} from './channels.ts';
import { longSums, WIDE_SUM, wideSums } from './longSums.ts';
import { checkMaxPool, type MaxPoolCase } from './maxPools.ts';
import { specialValues } from './specialValues.ts';

// Inputs that random numbers never are: constant channels, ties, NaN, sums of very many terms.

/** Code of a case that is plain data. */
const data = (drawn: unknown): Snippet => ({ imports: {}, expression: literal(drawn) });

/** A law of cases that are always the same. */
const fixed = <Case>(
  name: string,
  statement: string,
  cases: Readonly<Record<string, Case>>,
  check: (backend: Backend, drawn: Case) => Promise<Measured[]>,
): Law<Backend> =>
  law({
    ...{ name, statement, check, share: 0, source: data },
    cases: Object.fromEntries(Object.entries(cases).map(([kind, each]) => [kind, fc.constant(each)])),
  });

const constantChannels = fixed(
  'batch norm of constant channels',
  'Of a constant channel batch norm is β, and nothing of its gradients is noise.',
  PLANES,
  (backend, sides) => checkConstantChannels(backend, backend.dtypes[0], sides),
);

const plane = fixed(
  'batch norm of a large constant plane',
  'Of 360,600 equal values batch norm is 0.',
  { plane: null },
  (backend) => checkLargeConstantPlane(backend, backend.dtypes[0]),
);

const outlier = fixed(
  'batch norm of an outlier',
  'A first value far from all others costs batch norm no accuracy.',
  PLANES,
  (backend, sides) => checkOutlier(backend, backend.dtypes[0], sides),
);

const nearlyConstant: Law<Backend> = law({
  name: 'batch norm of nearly constant channels',
  statement: 'Of values that spread over a few units in the last place, batch norm is what arithmetic says.',
  cases: Object.fromEntries(
    Object.entries(PLANES).map(([kind, sides]) => [kind, seeds.map((seed) => ({ sides, seed }))]),
  ),
  share: 0.1,
  check: (backend, drawn) => checkNearlyConstantChannels(backend, backend.dtypes[0], drawn),
  source: data,
});

const ties: Law<Backend> = law({
  name: 'max pools of ties',
  statement: 'Of equal values in a window the first in row-major order is the maximum, and the gradient goes there.',
  cases: {
    windows: fc.record<MaxPoolCase>({
      kernel: fc.tuple(extent(3, 2), extent(3, 2)),
      stride: fc.tuple(extent(3), extent(3)),
      padding: extent(1, 0),
      size: fc.tuple(extent(9, 3), extent(9, 3)),
      seed: seeds,
    }),
  },
  check: checkMaxPool,
  source: data,
});

/** The distance of a value from the one that is due, in which NaN is NaN and zeros differ by their sign. */
const distance = (got: number, due: number) => (got === due || (Number.isNaN(got) && Number.isNaN(due)) ? 0 : Infinity);

const special = fixed(
  'special values',
  'ReLUs, maxima, pools, indices and logarithms of sums meet NaN, ±0, ±∞ and what is no position as the field has it.',
  { values: null },
  async (backend) =>
    (await specialValues(backend)).flatMap(({ name, got, expected }) => [
      { what: `${name}: its length`, error: Math.abs(got.length - expected.length), bound: 0 },
      ...expected.map((due, i) => ({ what: `${name}: element ${i}`, error: distance(got[i], due), bound: 0 })),
    ]),
);

const long = fixed(
  'long sums',
  'Sums of tens of thousands to a million whole numbers are exact.',
  Object.fromEntries(Object.keys(longSums).map((name) => [name, name])),
  async (backend, name) => {
    const { got, expected } = await longSums[name](backend);
    return [
      { what: `${name}: its length`, error: Math.abs(got.length - expected.length), bound: 0 },
      ...expected.map((due, i) => ({ what: `${name}: element ${i}`, error: Math.abs(got[i] - due), bound: 0 })),
    ];
  },
);

const wide = fixed(
  'wide sums',
  'A processor adds float32 numbers up in float64; a graphics device loses no more than float32 must.',
  { ones: null },
  async (backend) => {
    const sums = await wideSums(backend);
    // In float32, in any order, a term is lost where it meets more than 2²⁴: at most all but the first.
    const lost = backend.name === 'gpu' ? 100_000 : 0;
    return sums.map(({ what, got, rounding }) => ({ what, error: Math.abs(got - WIDE_SUM), bound: lost + rounding }));
  },
);

export const degenerate: readonly Law<Backend>[] = [
  ...[special, ties, long, wide],
  ...[constantChannels, plane, nearlyConstant, outlier],
];
