import { ArraySizeError } from '../../../errors.ts';
import { formatShape, type Shape, sizeOf } from '../../shape.ts';
import type { Step } from '../../plan.ts';
import type { Dialect } from './dialect.ts';
import { KernelText, type Lanes, MOST_TURNS, operandName, select } from './kernelText.ts';

/** The number of an array of a program. */
export type ArrayId = number;

/** An array that a kernel reads or writes. */
export interface Operand {
  readonly id: ArrayId;
  readonly shape: Shape;
  /** The step that computes it, if one does. */
  readonly origin?: Step | undefined;
}

/** A kernel: its text and the sizes that it is made for. Kernels of equal text and sizes are one. */
export interface KernelSource {
  readonly body: string;
  /** The four lanes of each array that it writes. */
  readonly planes: readonly Lanes[];
  /** Texels of each operand. */
  readonly operandTexels: readonly number[];
  readonly texels: number;
  /** The most turns that its loops make. */
  readonly turns: number;
}

/** A kernel and what it is applied to. */
export interface KernelCall {
  readonly kernel: KernelSource;
  readonly reads: readonly ArrayId[];
  readonly writes: readonly ArrayId[];
}

/** Turns one primitive into calls of kernels. */
export type GpuKernel<A> = (lower: Lowering, attributes: A, output: Operand, operands: readonly Operand[]) => void;

/** The number of texels of a given number of elements. */
export function texelsOf(elements: number): number {
  return Math.max(1, Math.ceil(elements / 4));
}

/** Collects the calls that a plan becomes. */
export class Lowering {
  readonly calls: KernelCall[] = [];
  readonly dialect: Dialect;
  /** The elements of every array, by its number. */
  readonly sizes: number[];
  readonly #known = new Map<string, readonly ArrayId[]>();

  /** @param sizes of the arrays that are there before any call. */
  constructor(dialect: Dialect, sizes: readonly number[]) {
    this.dialect = dialect;
    this.sizes = [...sizes];
  }

  /** An array for intermediate results. */
  scratch(shape: Shape): Operand {
    this.checkSize(shape);
    return { id: this.sizes.push(sizeOf(shape)) - 1, shape };
  }

  /** @throws ArraySizeError when an array of the shape has more elements than kernels can count. */
  checkSize(shape: Shape): void {
    if (sizeOf(shape) > this.dialect.mostElements) {
      throw new ArraySizeError(
        `backend gpu: an array of shape ${formatShape(shape)}: expected at most ${this.dialect.mostElements} elements, ` +
          `got ${sizeOf(shape)}; compute fewer samples or rows at a time`,
      );
    }
  }

  /**
   * One kernel that computes an array.
   *
   * @param write writes the text for texel `k.t` and tells its lanes.
   */
  kernel(output: Operand, operands: readonly Operand[], write: (k: KernelText) => Lanes): void {
    const k = new KernelText(this.dialect);
    const result = write(k);
    this.#call([output], operands, k, [result]);
  }

  /** The same for an intermediate result. */
  scratchKernel(shape: Shape, operands: readonly Operand[], write: (k: KernelText) => Lanes): Operand {
    return this.planes(1, shape, operands, (k) => [write(k)])[0];
  }

  /**
   * Intermediate results of one shape that are computed together, by one kernel if it can write as many. What was
   * computed before, from the same operands, is not again.
   *
   * @param write writes the text for texel `k.t` of the arrays from `first` to before `end` and tells their lanes.
   * @param into where one array is written, if it is to be no scratch.
   */
  planes(
    count: number,
    shape: Shape,
    operands: readonly Operand[],
    write: (k: KernelText, first: number, end: number) => readonly Lanes[],
    into?: Operand,
  ): Operand[] {
    if (into && count === 1) {
      this.kernel(into, operands, (k) => write(k, 0, 1)[0]);
      return [into];
    }
    const outputs: Operand[] = [];
    const step = this.dialect.mostPlanes;
    for (let first = 0; first < count; first += step) {
      const end = Math.min(count, first + step);
      const k = new KernelText(this.dialect);
      const result = write(k, first, end);
      const key = [k.body, ...result, ...operands.map(({ id }) => id), sizeOf(shape)].join('\n');
      let group = this.#known.get(key);
      if (group === undefined) {
        const fresh = result.map(() => this.scratch(shape));
        this.#call(fresh, operands, k, result);
        this.#known.set(key, (group = fresh.map(({ id }) => id)));
      }
      outputs.push(...group.map((id) => ({ id, shape })));
    }
    return outputs;
  }

  #call(outputs: readonly Operand[], operands: readonly Operand[], k: KernelText, planes: readonly Lanes[]): void {
    // Not for users: whatever loops so often is to be cut into pieces (pieces.ts).
    if (k.turns > MOST_TURNS) {
      throw new Error(`kernel text: loops of ${k.turns} turns, expected at most ${MOST_TURNS}`);
    }
    if (operands.length > this.dialect.mostOperands) {
      throw new Error(`kernel text: ${operands.length} arrays, expected at most ${this.dialect.mostOperands}`);
    }
    const kernel: KernelSource = {
      body: k.body,
      planes,
      operandTexels: operands.map(({ id }) => texelsOf(this.sizes[id])),
      texels: texelsOf(this.sizes[outputs[0].id]),
      turns: k.turns,
    };
    this.calls.push({ kernel, reads: operands.map(({ id }) => id), writes: outputs.map(({ id }) => id) });
  }
}

/** The functions that GPU.js is given for a kernel: the kernel itself, and one for each further array it writes. */
export interface KernelFunctions {
  readonly source: string;
  readonly further: readonly string[];
}

/** A kernel's text. The names are the caller's, unique: GPU.js and minifiers tell functions apart by them. */
export function kernelFunctions(
  { body, planes, operandTexels, texels }: KernelSource,
  name: string,
  dialect: Dialect,
): KernelFunctions {
  const parameters = operandTexels.map((_, i) => operandName(i)).join(', ');
  const thread = dialect.thread(dialect.output(texels));
  const further = planes.slice(1).map((_, i) => `${name}_${i + 1}`);
  const head = dialect.wide
    ? `const t = ${thread};`
    : `const n = ${thread};\n  const t = Math.floor(n * 0.25);\n  const lane = n - t * 4;`;
  const result = dialect.wide ? `[${planes[0].join(', ')}]` : select('lane', planes[0]);
  const lines = [
    `function ${name}(${parameters}) {`,
    `  ${head}`,
    `  ${body}`,
    ...further.map((f, i) => `  ${f}(${planes[i + 1].join(', ')});`),
    `  return ${result};`,
    '}',
  ];
  return {
    source: lines.join('\n'),
    further: further.map((f) => `function ${f}(p, q, r, s) { return [p, q, r, s]; }`),
  };
}
