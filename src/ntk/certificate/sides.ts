import { type Buffer, Module, type Parameter, type Trace } from '../../nn/index.ts';
import { allocate, type NDArray, reshape, type Shape, sizeOf, slice, type Tensor } from '../../tensor/index.ts';
import { type Gap, networkKinks, withShifts } from './kinkSites.ts';

/** Inputs of one kink site that are taken to the other side. */
export interface Crossing {
  /** The place of the site among all of the network. */
  readonly site: number;
  /** The shape of the site's first watched expression for the whole batch. */
  readonly shape: Shape;
  readonly gaps: readonly Gap[];
  /** How far beyond its kink an input is taken. */
  readonly beyond: number;
}

/**
 * A network with inputs of some kinks moved to the other side: what it computes differs by no more than rounding does, its
 * derivative by what the kinks make of that. Its batch is {@link crossedBatch}: each sample with the shifts of its own
 * inputs behind it, so that samples which are independent stay so.
 */
export class CrossedNetwork extends Module {
  readonly #inner: Module;
  readonly #sample: Shape;
  readonly #sites: readonly { readonly site: number; readonly perSample: number }[];

  /** @param shape [N, …], of the batch of the network itself. */
  constructor(inner: Module, shape: Shape, crossings: readonly Crossing[]) {
    super();
    this.#inner = inner;
    this.#sample = shape.slice(1);
    this.#sites = crossings.map((crossing) => ({ site: crossing.site, perSample: perSample(crossing, shape[0]) }));
  }

  // By the names that the network itself has.
  override namedParameters(): Map<string, Parameter> {
    return this.#inner.namedParameters();
  }

  override namedBuffers(): Map<string, Buffer> {
    return this.#inner.namedBuffers();
  }

  override namedModules(): Map<string, Module> {
    return this.#inner.namedModules();
  }

  protected override forward(z: Tensor, trace: Trace): Tensor {
    const [samples] = z.shape;
    let at = sizeOf(this.#sample);
    const x = reshape(slice(z, [{ start: 0, stop: at }]), [samples, ...this.#sample]);
    const y = this.#inner.apply(x, trace);
    const sites = networkKinks({ x: z, y, leaves: trace.leaves });
    const shifts = this.#sites.map(({ site, perSample: size }) => {
      const { shape } = sites[site].watched[0];
      const columns = slice(z, [{ start: at, stop: at + size }]);
      at += size;
      const flat = reshape(columns, [samples * size]);
      return [sites[site], reshape(slice(flat, [{ start: 0, stop: sizeOf(shape) }]), shape)] as const;
    });
    return withShifts(y, new Map(shifts));
  }
}

/** A batch with the shifts that take inputs across their kinks: [N, size of a sample and of its shifts]. */
export function crossedBatch(x: NDArray, crossings: readonly Crossing[]): NDArray {
  const [samples, ...sample] = x.shape;
  const size = sizeOf(sample);
  const sizes = crossings.map((crossing) => perSample(crossing, samples));
  const width = sizes.reduce((a, b) => a + b, size);
  const data = allocate(x.dtype, samples * width);
  for (let i = 0; i < samples; i++) data.set(x.data.subarray(i * size, (i + 1) * size), i * width);
  let at = size;
  crossings.forEach(({ gaps, beyond }, k) => {
    for (const { element, gap, above } of gaps) {
      data[Math.floor(element / sizes[k]) * width + at + (element % sizes[k])] = above ? -gap - beyond : beyond - gap;
    }
    at += sizes[k];
  });
  return { shape: [samples, width], dtype: x.dtype, data };
}

/** The numbers of a site that a sample has; the last sample may have fewer. */
function perSample({ shape }: Crossing, samples: number): number {
  return Math.ceil(sizeOf(shape) / samples);
}
