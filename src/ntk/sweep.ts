import { vjp } from '../autodiff/index.ts';
import { type Module, Trace } from '../nn/index.ts';
import {
  type Backend,
  bytesOf,
  type Feeds,
  input,
  isMapOfSamples,
  mapOver,
  type NDArray,
  ShapeError,
  sizeOf,
  type Tensor,
  topologicalOrder,
} from '../tensor/index.ts';
import { cotangentsOf, filled, type KernelOutputs, type SampleCotangents } from './outputs.ts';

/** Rows that are computed together, and where they belong in J. */
export interface RowBlock {
  readonly feeds: Feeds;
  /** Row i·Q + q of J is row q of sample i. */
  readonly firstRow: number;
  /** Rows of the block that count; the last block may compute more, which are dropped. */
  readonly rows: number;
  /** Where the block's outputs of the network belong, in samples. */
  readonly firstSample: number;
  readonly samples: number;
}

/** Expressions for a block of rows of J, and the blocks that make up all of them. */
export interface Sweep {
  /** The network's outputs for the samples of a block. */
  readonly y: Tensor;
  /** [rows…, …parameter shape] each, in the order of `parameters`. */
  readonly gradients: readonly Tensor[];
  /** Inputs that differ from block to block. */
  readonly varying: readonly Tensor[];
  /** The input that stands for a parameter or buffer, given the one of the network's trace. */
  readonly leafOf: (leaf: Tensor) => Tensor;
  /** Values of the inputs that all blocks share, besides parameters and buffers. */
  readonly fixed: (x: NDArray) => Feeds;
  /** Rows of a whole block. */
  readonly blockRows: number;
  readonly blocks: (x: NDArray) => Iterable<RowBlock>;
}

/** What a sweep is made from. */
export interface SweepRequest {
  readonly network: Module;
  readonly trace: Trace;
  /** The expressions in the trace of the parameters whose columns J has. */
  readonly parameters: readonly Tensor[];
  readonly outputs: KernelOutputs;
  readonly backend: Backend;
  /** Rows that travel backwards together; chosen to suit the backend when absent. */
  readonly blockRows: number | undefined;
}

/**
 * How the rows of J are computed: J[i·Q + q] is the gradient of output q of sample i with respect to the parameters.
 *
 * - Where samples are *independent* (proved from the graph, see {@link isMapOfSamples}), one sample's rows are an
 *   expression of that sample, and a block is this expression mapped over several samples. Cost: one forward and Q
 *   backward passes over each sample.
 * - Where they are *coupled* (batch norm in train mode, or anything else that mixes samples), row r is a backward pass over
 *   the whole batch from a cotangent that is 0 but for its own sample. The forward pass is done once. Cost: one forward
 *   and N·Q backward passes over N samples.
 *
 * The graph decides, not the mode of the network.
 */
export function sweepOf(request: SweepRequest): Sweep {
  const { network, trace, outputs } = request;
  const cotangents = cotangentsOf(trace.y, trace.x.shape[0], outputs);
  const single = singleOf(network, trace);
  return single ? independentSweep(request, single, cotangents) : coupledSweep(request, cotangents);
}

/** A network on one sample, if that is all that a sample's outputs depend on. */
export interface Single {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly leaves: ReadonlyMap<Tensor, Tensor>;
}

/** The network on one sample, where samples are independent. */
export function singleOf(network: Module, trace: Trace): Single | undefined {
  const [samples, ...sample] = trace.x.shape;
  if (samples === 1) return undefined;
  let single: Trace;
  try {
    single = new Trace(network, [1, ...sample], trace);
  } catch (error) {
    // Batch norm by the batch refuses a single value: a single sample has no outputs there.
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
  const twins = single.leaves;
  const leaves = new Map<Tensor, Tensor>();
  for (const [variable, leaf] of trace.leaves) {
    const twin = twins.get(variable);
    if (twin) leaves.set(leaf, twin);
  }
  return isMapOfSamples(trace, single, leaves) ? { x: single.x, y: single.y, leaves } : undefined;
}

function coupledSweep({ trace, parameters, backend, blockRows }: SweepRequest, cotangents: SampleCotangents): Sweep {
  const { x, y, dtype } = trace;
  const samples = x.shape[0];
  const { rows: perSample, outputs: width } = cotangents;
  const all = samples * perSample;
  const rows = blockOf(all, blockRows ?? evenBlock(all, largestArray(y), backend));
  const cotangent = input('cotangent', [rows, ...y.shape], dtype);
  return {
    y,
    gradients: vjp([y], parameters, [cotangent]),
    varying: [cotangent],
    leafOf: (leaf) => leaf,
    fixed: (images) => new Map([[x, images]]),
    blockRows: rows,
    *blocks() {
      for (let first = 0; first < all; first += rows) {
        const count = Math.min(rows, all - first);
        const value = filled(cotangent.shape, dtype, (data) => {
          for (let r = 0; r < count; r++) {
            const [sample, q] = [Math.floor((first + r) / perSample), (first + r) % perSample];
            data.set(cotangents.of(q), (r * samples + sample) * width);
          }
        });
        yield { feeds: new Map([[cotangent, value]]), firstRow: first, rows: count, firstSample: 0, samples };
      }
    },
  };
}

function independentSweep(
  { trace, parameters, backend, blockRows }: SweepRequest,
  single: Single,
  cotangents: SampleCotangents,
): Sweep {
  const { dtype } = trace;
  const [samples] = trace.x.shape;
  const { rows: perSample, outputs: width } = cotangents;
  const all = samples * perSample;
  const wanted = blockRows ?? evenBlock(all, largestArray(single.y), backend);
  // Whole samples, or a part of the outputs of one.
  const count = blockOf(samples, wanted / perSample);
  const chunk = blockOf(perSample, wanted);
  const leading = perSample === 1 ? [] : [chunk];
  const cotangent = input('cotangent', [...leading, ...single.y.shape], dtype);
  const leafOf = (leaf: Tensor) => single.leaves.get(leaf)!;
  const gradients = vjp([single.y], parameters.map(leafOf), [cotangent]);
  const x = input('x', [count, ...single.x.shape], dtype);
  const [y, ...mapped] = mapOver([single.y, ...gradients], new Map([[single.x, x]]));
  const size = sizeOf(single.x.shape);
  const cotangentFrom = (q: number) =>
    filled(cotangent.shape, dtype, (to) => {
      for (let r = 0; r < Math.min(chunk, perSample - q); r++) to.set(cotangents.of(q + r), r * width);
    });
  const once = chunk === perSample;
  return {
    y,
    gradients: mapped,
    varying: once ? [x] : [x, cotangent],
    leafOf,
    fixed: () => (once ? new Map([[cotangent, cotangentFrom(0)]]) : new Map()),
    blockRows: count * chunk,
    *blocks({ data }) {
      for (let q = 0; q < perSample; q += chunk) {
        const value = cotangentFrom(q);
        for (let first = 0; first < samples; first += count) {
          // The last block may reach beyond the batch; what is computed for the zeros there is dropped.
          const part = filled(x.shape, dtype, (to) => to.set(data.subarray(first * size, (first + count) * size)));
          const here = Math.min(count, samples - first);
          yield {
            feeds: new Map([[x, part], ...(once ? [] : ([[cotangent, value]] as const))]),
            firstRow: first * perSample + q,
            rows: here * Math.min(chunk, perSample - q),
            firstSample: first,
            samples: here,
          };
        }
      }
    },
  };
}

function blockOf(all: number, wanted: number): number {
  return Math.max(1, Math.min(all, Math.floor(wanted)));
}

/** Bytes of the largest array of a forward pass, a row's gradients being about as large. */
function largestArray(y: Tensor): number {
  return topologicalOrder([y]).reduce((most, tensor) => Math.max(most, bytesOf(tensor)), 0);
}

/** What a thread's part of the nearer caches holds: larger blocks wait for memory, and measure slower. */
const CACHE_BLOCKS = { rows: 8, bytes: 4 * 2 ** 20 };

/**
 * The rows of a block, as the backend prefers them or by {@link CACHE_BLOCKS}: few enough that an array of one row for
 * each fits the cache, and such that blocks which are computed `parallelism` at a time keep all threads busy to the end.
 * A block costs its rows and, for what its rows share, about half a row more.
 */
function evenBlock(rows: number, bytes: number, { parallelism, blocks = CACHE_BLOCKS }: Backend): number {
  const most = Math.min(blocks.rows, rows, Math.floor(blocks.bytes / bytes));
  const cost = (count: number) => Math.ceil(Math.ceil(rows / count) / parallelism) * (count + 0.5);
  return Array.from({ length: most }, (_, i) => i + 1).reduce(
    (best, count) => (cost(count) <= cost(best) ? count : best),
    1,
  );
}
