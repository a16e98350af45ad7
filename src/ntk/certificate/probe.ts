import { vjp } from '../../autodiff/index.ts';
import { type Mode, type Module, Trace } from '../../nn/index.ts';
import {
  allocate,
  type Backend,
  cast,
  constant,
  defaultBackend,
  type DType,
  EPSILON,
  evaluate,
  type FloatArray,
  type NDArray,
  Program,
  sizeOf,
  topologicalOrder,
} from '../../tensor/index.ts';
import { cotangentsOf, filled, type KernelOutputs } from '../outputs.ts';
import { accepts, type ParameterChoice } from '../selection.ts';
import { singleOf } from '../sweep.ts';
import { type Gap, type KinkSite, networkKinks } from './kinkSites.ts';
import type { Crossing } from './sides.ts';

/** What is probed: the network as the kernel is computed of it. */
export interface ProbeRequest {
  readonly mode: Mode;
  readonly outputs: KernelOutputs;
  readonly parameters: ParameterChoice;
  readonly backend: Backend;
  readonly dtype: DType;
  readonly signal?: AbortSignal | undefined;
}

/** What a comparison with float64 finds. */
export interface Probe {
  /** Inputs of kinks that may lie on the other side in exact arithmetic. */
  readonly crossings: readonly Crossing[];
  /** The relative error of a row of J; undefined where float64 lies on another side of a kink, and has another row. */
  readonly rowError: number | undefined;
  /** P, the columns of the row. */
  readonly columns: number;
}

/** Errors are measured on some numbers and hold for all: the largest may be this much larger than the largest seen. */
const MARGIN = 4;

/** One sample of this many is computed in float64 where samples are independent. */
const SAMPLES_A_PROBE = 16;

/** The most bytes of a forward pass that are kept at a time. */
const CHUNK_BYTES = 2 ** 26;

/**
 * Compares the forward pass and a row of J with float64: on the whole batch where samples are coupled (the first row), on
 * one sample of 16 where they are independent.
 *
 * At each kink site the largest error of a gap is measured, and an input is uncertain where its gap is below 4 times that.
 * A gap that is 0 in float64 too is one of the network's structure (ties among the zeros that a ReLU leaves), which every
 * precision settles alike. In float64, which has nothing to be compared with, the errors are those of float32 scaled by
 * the ratio of the two precisions. What a backend lacks of the two is computed by the default one.
 */
export async function probe(network: Module, x: NDArray, request: ProbeRequest): Promise<Probe> {
  const { mode, dtype, backend, signal } = request;
  const whole = new Trace(network, x.shape, { mode, dtype });
  const outermost = batchIsOutermost(network, whole);
  const [samples] = x.shape;
  const some = outermost ? headOf(x, Math.ceil(samples / SAMPLES_A_PROBE)) : x;

  const observeIn = async (precision: DType) => {
    const able = backend.dtypes.includes(precision) ? backend : await defaultBackend(precision);
    return observe(network, some, { ...request, dtype: precision, backend: able });
  };
  const exact = await observeIn('float64');
  const lower = await observeIn('float32');
  const scale = dtype === 'float64' ? EPSILON.float64 / EPSILON.float32 : 1;
  const errors = lower.sites.map((site, k) => compare(site, lower.values[k], exact.values[k]));
  const tolerances = errors.map(({ largest }) => MARGIN * scale * largest);
  const sameSides = errors.every(({ crossed }) => crossed === 0);
  const rowError = sameSides ? MARGIN * scale * relativeDistance(lower.row, exact.row) : undefined;

  const shapes = networkKinks(whole).map(({ watched: [first] }) => first.shape);
  const near: Gap[][] = shapes.map(() => []);
  const collect = (sites: readonly KinkSite[], values: Values, firstSample: number, count: number, of: number) => {
    sites.forEach((site, k) => {
      // Of a chunk whose last samples are padding, those that count.
      const perSample = sizeOf(site.watched[0].shape) / of;
      site.forEachGap(values[k], (gap) => {
        if (Math.abs(gap.gap) > tolerances[k] || (gap.gap === 0 && errors[k].structural)) return;
        if (gap.element < count * perSample) near[k].push({ ...gap, element: firstSample * perSample + gap.element });
      });
    });
  };
  const own = dtype === 'float64' ? exact : lower;
  if (some === x) collect(own.sites, own.values, 0, samples, samples);
  else await inChunks(network, x, { mode, dtype, backend, signal }, collect);
  const crossings = near.flatMap((gaps, site): Crossing[] =>
    gaps.length === 0 ? [] : [{ site, shape: shapes[site], gaps, beyond: tolerances[site] }],
  );
  return { crossings, rowError, columns: exact.row.reduce((sum, part) => sum + part.length, 0) };
}

/** The numbers that each site watches. */
type Values = readonly (readonly FloatArray[])[];

interface Observed {
  readonly sites: readonly KinkSite[];
  readonly values: Values;
  /** The first row of J, by parameter. */
  readonly row: readonly FloatArray[];
}

async function observe(network: Module, x: NDArray, request: ProbeRequest): Promise<Observed> {
  const { mode, dtype, backend, outputs, parameters, signal } = request;
  const trace = new Trace(network, x.shape, { mode, dtype });
  const sites = networkKinks(trace);
  const cotangents = cotangentsOf(trace.y, x.shape[0], outputs);
  const first = constant(filled(trace.y.shape, dtype, (data) => data.set(cotangents.of(0))));
  const graph = new Set(topologicalOrder([trace.y]));
  const accept = accepts(parameters);
  const chosen = [...trace.parameters(network)].flatMap(([name, leaf]) =>
    accept(name) && graph.has(leaf) ? [leaf] : [],
  );
  const watched = sites.flatMap((site) => site.watched);
  const feeds = new Map([...trace.variables(), [trace.x, cast(x, dtype)]]);
  const arrays = await evaluate([...watched, ...vjp([trace.y], chosen, [first])], feeds, backend, { signal });
  const row = arrays.splice(watched.length).map(({ data }) => data);
  return { sites, values: bySite(sites, arrays), row };
}

function bySite(sites: readonly KinkSite[], arrays: readonly NDArray[]): FloatArray[][] {
  let at = 0;
  return sites.map(({ watched }) => watched.map(() => arrays[at++].data));
}

/** Visits the watched numbers of all samples, some samples at a time. */
async function inChunks(
  network: Module,
  x: NDArray,
  { mode, dtype, backend, signal }: Pick<ProbeRequest, 'mode' | 'dtype' | 'backend' | 'signal'>,
  collect: (sites: readonly KinkSite[], values: Values, firstSample: number, count: number, of: number) => void,
): Promise<void> {
  const [samples, ...sample] = x.shape;
  const bytesOfSites = (trace: Trace) =>
    networkKinks(trace).reduce(
      (sum, { watched }) => watched.reduce((all, { shape }) => all + 8 * sizeOf(shape), sum),
      1,
    );
  const bytes = bytesOfSites(new Trace(network, [1, ...sample], { mode, dtype }));
  const of = Math.max(1, Math.min(samples, Math.floor(CHUNK_BYTES / bytes)));
  const trace = new Trace(network, [of, ...sample], { mode, dtype });
  const sites = networkKinks(trace);
  const program = await Program.compile(
    sites.flatMap(({ watched }) => watched),
    { backend, varying: [trace.x], signal },
  );
  try {
    await program.bind(trace.variables(), signal);
    const size = sizeOf(sample);
    for (let first = 0; first < samples; first += of) {
      const data = allocate(dtype, of * size);
      data.set(x.data.subarray(first * size, (first + of) * size));
      const arrays = await program.run(new Map([[trace.x, { shape: trace.x.shape, dtype, data }]]), signal);
      collect(sites, bySite(sites, arrays), first, Math.min(of, samples - first), of);
    }
  } finally {
    program.dispose();
  }
}

/** How the gaps of a site differ in two precisions. */
function compare(site: KinkSite, lower: readonly FloatArray[], exact: readonly FloatArray[]) {
  const gaps: Gap[] = [];
  site.forEachGap(exact, (gap) => gaps.push(gap));
  let [at, largest, crossed, structural] = [0, 0, 0, false];
  site.forEachGap(lower, ({ gap, element, above }) => {
    const other = gaps[at++];
    largest = Math.max(largest, Math.abs(gap - other.gap));
    // A choice differs where another element is the second.
    if (above !== other.above || element !== other.element) crossed += 1;
    if (other.gap === 0) structural = true;
  });
  return { largest, crossed, structural };
}

function relativeDistance(a: readonly FloatArray[], b: readonly FloatArray[]): number {
  let [distance, size] = [0, 0];
  b.forEach((exact, k) => {
    exact.forEach((value, i) => {
      distance += (a[k][i] - value) ** 2;
      size += value ** 2;
    });
  });
  return size === 0 ? Math.sqrt(distance) : Math.sqrt(distance / size);
}

/** Whether samples are independent, and lie one after another in all that kinks watch. */
function batchIsOutermost(network: Module, whole: Trace): boolean {
  const single = singleOf(network, whole);
  if (!single) return false;
  const one = networkKinks(single);
  const many = networkKinks(whole);
  const [samples] = whole.x.shape;
  return (
    one.length === many.length &&
    many.every(({ watched: [{ shape }] }, k) => {
      const [extent, ...rest] = one[k].watched[0].shape;
      return shape[0] === samples * extent && rest.every((other, d) => shape[d + 1] === other);
    })
  );
}

function headOf(x: NDArray, samples: number): NDArray {
  const size = sizeOf(x.shape.slice(1));
  return { ...x, shape: [samples, ...x.shape.slice(1)], data: x.data.subarray(0, samples * size) };
}
