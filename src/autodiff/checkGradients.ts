import { checkFunction, checkIterable } from '../check.ts';
import { checkRunOptions } from '../abort.ts';
import type { RunOptions } from '../progress.ts';
import { GradientError } from '../errors.ts';
import {
  cast,
  checkArray,
  checkTensor,
  Generator,
  input,
  multiply,
  type NDArray,
  Program,
  referenceBackend,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import { vjp } from './transforms.ts';

/** One partial derivative, computed both ways. */
export interface GradientEntry {
  /** Which input, and which of its elements in row-major order. */
  readonly input: number;
  readonly element: number;
  readonly analytic: number;
  readonly numeric: number;
}

/** What {@link checkGradients} found. */
export interface GradientReport {
  /** The largest |analytic − numeric|, divided by the largest |analytic| or |numeric| of all entries. */
  readonly error: number;
  readonly worst: GradientEntry;
  readonly entries: readonly GradientEntry[];
  /** A table that prints both sides of every input and names the worst element. */
  toString(): string;
}

/**
 * Compares the gradient of a function with central differences, in float64 on the reference backend, for every element of
 * every input.
 *
 * A function with several outputs is reduced to one by a fixed random weight for each. The step is h = ε^⅓·max(1, |x|):
 * the truncation error O(h²) then equals the rounding error O(ε/h), and both are near 4·10⁻¹¹ for well-scaled functions.
 * The inputs must be at least h away from kinks (a ReLU at 0, a tie of a maximum).
 *
 * @param f builds an expression from one tensor for each input.
 * @param inputs where to differentiate.
 * @param seed of the random weights.
 * @throws GradientError when there is nothing to compare; the signal's reason when it is aborted.
 *
 * @example
 * const report = await checkGradients((x) => softmax(multiply(x, x)), [ndarray([1, 2, 3], [3])]);
 * console.log(report.error < 1e-6); // true
 */
export async function checkGradients(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly NDArray[],
  seed = 0,
  options: RunOptions = {},
): Promise<GradientReport> {
  checkRunOptions('checkGradients', options, ['signal', 'onProgress']);
  checkFunction('checkGradients', f);
  checkIterable('checkGradients: inputs', inputs);
  for (const value of inputs) checkArray('checkGradients: inputs', value);
  const { signal, onProgress } = options;
  const values = inputs.map((value) => ({ ...cast(value, 'float64'), data: Float64Array.from(value.data) }));
  const tensors = values.map(({ shape }, i) => input(`input ${i}`, shape));
  const y = f(...tensors);
  checkTensor('checkGradients: what the function returns', y);
  const weights = new Generator(seed).normals(y.shape, { dtype: 'float64' });
  const weight = input('weight', y.shape);
  const backend = referenceBackend;
  const [analytic, value] = await Promise.all([
    Program.compile(vjp([y], tensors, [weight]), { backend, signal }),
    Program.compile([sum(multiply(y, weight))], { backend, varying: tensors, signal }),
  ]);
  try {
    const feeds = new Map(tensors.map((tensor, i) => [tensor, values[i]] as const));
    await analytic.bind(new Map([...feeds, [weight, weights]]), signal);
    const gradients = await analytic.run(undefined, signal);
    await value.bind(new Map([[weight, weights]]), signal);

    const entries: GradientEntry[] = [];
    const all = values.reduce((sum, { data }) => sum + data.length, 0);
    for (const [i, { data }] of values.entries()) {
      for (let element = 0; element < data.length; element++) {
        const x = data[element];
        const step = Math.cbrt(2 ** -52) * Math.max(1, Math.abs(x));
        const [high, low] = [x + step, x - step];
        data[element] = high;
        const [above] = await value.run(feeds, signal);
        data[element] = low;
        const [below] = await value.run(feeds, signal);
        data[element] = x;
        // high − low is what the inputs really differ by, after rounding.
        const numeric = (above.data[0] - below.data[0]) / (high - low);
        entries.push({ input: i, element, analytic: gradients[i].data[element], numeric });
        onProgress?.({ done: entries.length, of: all, stage: 'elements' });
      }
    }
    return report(entries);
  } finally {
    analytic.dispose();
    value.dispose();
  }
}

function report(entries: readonly GradientEntry[]): GradientReport {
  if (entries.length === 0) throw new GradientError('checkGradients: expected at least one input element, got none');
  const difference = ({ analytic, numeric }: GradientEntry) => Math.abs(analytic - numeric);
  const size = entries.reduce((most, e) => Math.max(most, Math.abs(e.analytic), Math.abs(e.numeric)), 0);
  // Not-a-number anywhere is the worst there is.
  const worst = entries.reduce((a, b) => (Number.isNaN(difference(a)) || difference(a) >= difference(b) ? a : b));
  const error = difference(worst) === 0 ? 0 : difference(worst) / size;
  return { error, worst, entries, toString: () => format(entries, worst, error) };
}

function format(entries: readonly GradientEntry[], worst: GradientEntry, error: number): string {
  const lines = entries.map((entry) => {
    const where = `input ${entry.input} [${entry.element}]`.padEnd(18);
    const sides = [entry.analytic, entry.numeric].map((x) => x.toExponential(9).padStart(18)).join(' ');
    return `${where}${sides}${entry === worst ? '  ← worst' : ''}`;
  });
  const head = `${''.padEnd(18)}${'analytic'.padStart(18)} ${'numeric'.padStart(18)}`;
  const summary =
    `largest difference ${error.toExponential(2)} of the largest derivative, ` +
    `at input ${worst.input}, element ${worst.element}`;
  return [head, ...lines, summary].join('\n');
}
