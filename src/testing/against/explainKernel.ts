import { Queue } from '../../queue.ts';
import { abortable, checkRunOptions } from '../../abort.ts';
import { formatValue, oneOf } from '../../check.ts';
import { checkBatch, checkModule, type Mode, type Module, Trace } from '../../nn/index.ts';
import { describeChoice, type KernelOutputs } from '../../ntk/index.ts';
import { accepts } from '../../ntk/selection.ts';
import type { RunOptions } from '../../progress.ts';
import {
  checkArray,
  type DType,
  DTYPES,
  firstNonFinite,
  formatShape,
  InputError,
  type NDArray,
  sizeOf,
} from '../../tensor/index.ts';
import { Candidates } from './candidates.ts';
import type { KernelComputation } from './computation.ts';
import { usualFactors } from './factors.ts';
import { differenceOf, type Target } from './match.ts';
import { networkMistakes } from './networkMistakes.ts';
import { outputMistakes } from './outputMistakes.ts';
import { parameterMistakes } from './parameterMistakes.ts';
import { type RoledParameter, rolesOf } from './roles.ts';
import { type RowDifferences, rowDifferences, type SentRows } from './rowDifferences.ts';
import { type Explanation, searchMistakes } from './search.ts';
import type { KernelSettings, StatedSettings } from './settings.ts';
import { StatedKernels } from './statedKernel.ts';

/** What somebody else's code computed for a network and a batch of N samples. */
export interface SentKernel {
  /** Θ: [N, N], or [N·K, N·K] with row i·K + k for output k of sample i. */
  readonly ntk: NDArray;
  readonly rows?: SentRows | undefined;
  /** The network's outputs, [N, …]. */
  readonly logits?: NDArray | undefined;
}

const OPTIONS = ['mode', 'outputs', 'parameters', 'dtype', 'together', 'signal', 'onProgress'] as const;

/** What is known of how it was computed. What is not stated may be any. */
export interface ExplainOptions extends RunOptions, StatedSettings {
  /** The precision in which it was computed; that of `ntk` by default. */
  readonly dtype?: DType | undefined;
  /** How many mistakes are tried together, 1 or 2; 2 by default, which takes several times as long. */
  readonly together?: number | undefined;
}

/** Whether a kernel is right, and what explains it if not. */
export interface KernelExplanation {
  readonly agrees: boolean;
  /** What the kernel agrees with, or was compared with. */
  readonly settings: KernelSettings;
  /** The precision that it was judged in. */
  readonly dtype: DType;
  /** The largest difference of an entry, relative to the lengths of its two rows of J. */
  readonly difference: number;
  /** What that difference may be. */
  readonly tolerance: number;
  /** The largest |Θ[i, j] − Θ[j, i]| in the same measure. */
  readonly asymmetry: number;
  /** By as few mistakes as will do, the most usual first; none where the kernel agrees, or nothing explains it. */
  readonly explanations: readonly Explanation[];
  /** Where nothing explains it: the single mistakes that come nearest. */
  readonly nearest: readonly Explanation[];
  /** How many computations were tried. */
  readonly tried: number;
  /** How the outputs compare, where they were sent. */
  readonly logits: { readonly difference: number; readonly agrees: boolean } | undefined;
  /** How the rows of J compare, where they were sent. */
  readonly rows: RowDifferences | undefined;
}

/**
 * Explains tangent kernels of one network and batch that somebody else's code computed. What is compared is computed in
 * float64 by the default backend, once for all outputs and parameters of every network that is tried; choices of
 * outputs, of parameters, factors and orders are linear algebra on it.
 *
 * The network's parameters must stay as they are.
 *
 * @example
 * const explainer = new KernelExplainer(network, images);
 * const stated = { outputs: 'trace', parameters: 'all', mode: 'eval' } as const;
 * for (const outputs of ['trace', 'sum'] as const) {
 *   const { kernel } = await tangentKernel(network, images, { ...stated, outputs, dtype: 'float64' });
 *   const { agrees, explanations } = await explainer.explain({ ntk: kernel }, stated);
 *   if (!agrees) console.log(explanations[0].mistakes[0].name); // outputs are summed before they are differentiated
 * }
 */
export class KernelExplainer {
  readonly #x: NDArray;
  readonly #parameters: readonly RoledParameter[];
  /** K */
  readonly #outputs: number;
  readonly #stated: StatedKernels;
  readonly #candidates: Candidates;
  readonly #queue = new Queue();

  /**
   * @param x [N, …]
   * @throws InputError when the batch holds NaN or infinity, ShapeError when it does not fit the network.
   */
  constructor(network: Module, x: NDArray) {
    checkModule('explainKernel: network', network);
    checkArray('batch', x);
    checkBatch(x, 'batch');
    this.#x = x;
    this.#parameters = rolesOf(network, x.shape);
    const names = this.#parameters.map(({ name }) => name);
    this.#candidates = new Candidates(network, x, names);
    this.#stated = new StatedKernels(network, x);
    this.#outputs = sizeOf(new Trace(network, x.shape, { mode: 'eval' }).y.shape.slice(1));
  }

  /** As {@link explainKernel}. Explanations of one network queue. */
  async explain(sent: SentKernel, options: ExplainOptions = {}): Promise<KernelExplanation> {
    checkRunOptions('explainKernel', options, OPTIONS);
    const { together = 2 } = options;
    if (together !== 1 && together !== 2) {
      throw new InputError(`explainKernel: together: expected 1 or 2, got ${formatValue(together)}`);
    }
    checkArray('ntk', (Object(sent) as SentKernel).ntk);
    return abortable(
      this.#queue.run(() => this.#explain(sent, options)),
      options.signal,
    );
  }

  async #explain(sent: SentKernel, options: ExplainOptions): Promise<KernelExplanation> {
    const parameters = this.#parameters;
    const { signal } = options;
    const dtype = oneOf('dtype', options.dtype ?? sent.ntk.dtype, DTYPES);
    const sizes = { samples: this.#x.shape[0], outputs: this.#outputs };
    const target = targetOf(sent.ntk, sizes);
    const compared = [];
    for (const settings of alternatives(options, target.size, sizes)) {
      checkSettings(settings, parameters, sizes.outputs);
      const stated = await this.#stated.of(settings, signal);
      const difference = stated.lengths.length === target.size ? differenceOf(stated, target, 1) : Infinity;
      compared.push({ settings, stated, difference });
      if (difference <= stated.tolerances[dtype]) break;
    }
    const agreeing = compared.find(({ difference, stated }) => difference <= stated.tolerances[dtype]);
    const { settings, stated, difference } = agreeing ?? compared[0];
    const tolerance = stated.tolerances[dtype];
    const { rows } = stated;
    const isChosen = accepts(settings.parameters);
    const told = {
      ...{ agrees: agreeing !== undefined, settings, dtype, difference, tolerance },
      asymmetry: asymmetryOf(target, stated.lengths),
      logits: sent.logits && logitsDifference(sent.logits, rows.logits, tolerance),
      rows: sent.rows && rowDifferences({ sent: sent.rows, ntk: sent.ntk, rows, parameters, isChosen, tolerance }),
    };
    if (agreeing) return { ...told, explanations: [], nearest: [], tried: compared.length };
    const found = await this.#search(target, settings, dtype, options);
    const { explanations, nearest } = found;
    return { ...told, ...found, nearest: explanations.length > 0 ? [] : nearest };
  }

  async #search(target: Target, settings: KernelSettings, dtype: DType, options: ExplainOptions) {
    const candidates = this.#candidates;
    const parameters = this.#parameters;
    const { signal, onProgress, together = 2 } = options;
    candidates.signal = signal;
    const tolerances = await candidates.tolerances(settings.mode);
    const isChosen = accepts(settings.parameters);
    const count = (which: (name: string) => boolean) =>
      parameters.reduce((sum, each) => sum + (which(each.name) ? sizeOf(each.shape) : 0), 0);
    const factors = usualFactors({
      ...{ samples: this.#x.shape[0], outputs: this.#outputs, of: settings.outputs },
      parameters: [count(isChosen), count(() => true)],
    });
    return searchMistakes({
      ...{ candidates, signal, onProgress, together, base: computationOf(settings, parameters) },
      target: { ...target, factors, tolerance: tolerances[dtype], rounded: Math.max(...Object.values(tolerances)) },
      mistakes: [...networkMistakes(parameters), ...outputMistakes(this.#outputs), ...parameterMistakes(parameters)],
    });
  }
}

/**
 * Explains a tangent kernel that somebody else's code computed: whether it agrees, and if not, which of the usual mistakes,
 * alone or two together, gives exactly these numbers.
 *
 * @param x [N, …]
 * @throws InputError when an array does not fit the network or holds NaN or infinity, ShapeError when the batch does not
 * fit, BackendError when the inner products of N·K gradients take too much memory; the signal's reason when it is aborted.
 *
 * @example
 * const { kernel } = await tangentKernel(network, images, { dtype: 'float64', parameters: /weight/ });
 * const stated = { outputs: 'trace', parameters: 'all', mode: 'eval' } as const;
 * const { agrees, explanations } = await explainKernel(network, images, { ntk: kernel }, stated);
 * console.log(agrees, explanations[0].mistakes[0].kind); // false biases
 */
export async function explainKernel(
  network: Module,
  x: NDArray,
  sent: SentKernel,
  options: ExplainOptions = {},
): Promise<KernelExplanation> {
  return new KernelExplainer(network, x).explain(sent, options);
}

/** N and K. */
interface Sizes {
  readonly samples: number;
  readonly outputs: number;
}

const modesOf = ({ mode }: ExplainOptions): readonly Mode[] => (mode === undefined ? ['eval', 'train'] : [mode]);

/** The settings that a kernel of this size may be of. */
function alternatives(
  { outputs, parameters, ...options }: ExplainOptions,
  size: number,
  { samples, outputs: k }: Sizes,
): KernelSettings[] {
  const choices: readonly KernelOutputs[] = size === samples ? (k === 1 ? ['sum'] : ['sum', 'trace']) : ['full'];
  return modesOf(options).flatMap((mode) =>
    (outputs === undefined ? choices : [outputs]).flatMap((which) =>
      (parameters === undefined ? (['weight', 'all'] as const) : [parameters]).map((choice) => ({
        ...{ mode, outputs: which, parameters: choice },
      })),
    ),
  );
}

/** @throws InputError when there is no such output, or no parameter is chosen. */
function checkSettings(
  { outputs, parameters: choice }: KernelSettings,
  parameters: readonly RoledParameter[],
  k: number,
): void {
  if (typeof outputs === 'number' && outputs >= k) {
    throw new InputError(`outputs: expected the number of an output from 0 to ${k - 1}, got ${outputs}`);
  }
  if (parameters.some(({ name }) => accepts(choice)(name))) return;
  const names = parameters.map(({ name }) => name).slice(0, 4);
  throw new InputError(
    `parameters: expected a choice of at least one, got none of ${names.join(', ')}, … by ${describeChoice(choice)}`,
  );
}

function computationOf(
  { mode, outputs, parameters: choice }: KernelSettings,
  parameters: readonly RoledParameter[],
): KernelComputation {
  const isChosen = accepts(choice);
  const counts = parameters.map(({ name }) => Number(isChosen(name)));
  return { mode, changes: {}, last: 'none', outputs, counts, accumulated: undefined, order: 'by sample' };
}

/** What was sent, before it is known how far it may be off. */
function targetOf({ shape, data }: NDArray, { samples, outputs: k }: Sizes): Target {
  const [size] = shape;
  if (shape.length !== 2 || shape[1] !== size || (size !== samples && size !== samples * k)) {
    throw new InputError(
      `ntk: expected shape [${samples}, ${samples}], or [${samples * k}, ${samples * k}] with ${k} outputs of each sample, ` +
        `got ${formatShape(shape)}`,
    );
  }
  const bad = firstNonFinite(data);
  if (bad >= 0) throw new InputError(`ntk: expected finite numbers, got ${data[bad]} at element ${bad}`);
  return { sent: Float64Array.from(data), size, rowsPerSample: size / samples, factors: [], tolerance: 0, rounded: 0 };
}

function asymmetryOf({ sent, size }: Target, lengths: Float64Array): number {
  if (lengths.length !== size) return 0;
  let most = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const off = Math.abs(sent[i * size + j] - sent[j * size + i]);
      if (off > 0) most = Math.max(most, off / (lengths[i] * lengths[j]));
    }
  }
  return most;
}

function logitsDifference(sent: NDArray, own: NDArray, tolerance: number) {
  if (sent.data.length !== own.data.length) {
    throw new InputError(`logits: expected shape ${formatShape(own.shape)}, got ${formatShape(sent.shape)}`);
  }
  let [largest, off] = [0, 0];
  own.data.forEach((each, i) => {
    largest = Math.max(largest, Math.abs(each));
    off = Math.max(off, Math.abs(each - sent.data[i]));
  });
  const difference = off === 0 ? 0 : off / largest;
  return { difference, agrees: difference <= tolerance };
}
