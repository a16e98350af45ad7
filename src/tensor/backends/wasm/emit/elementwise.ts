import type { DType } from '../../../array.ts';
import type { Scalar } from '../../../scalar/index.ts';
import { assemble, FunctionBody, type Local, type ValueType } from './assembler.ts';
import { isExact, type Lanes, vectorTape, writeExpression } from './vector.ts';

/**
 * How an operand is read along a row: elements side by side, one element for all, elements at even distances, or a number
 * that the caller gives.
 */
export type Access = 'dense' | 'still' | 'strided' | 'number';

/** A function that computes an expression over strided arrays: all that its code depends on. */
export interface ElementwiseFunction {
  readonly expression: Scalar;
  /** The precision of the operands and of the result. */
  readonly dtype: DType;
  /** The number of dimensions, at least 1; along the last one the output lies dense. */
  readonly rank: number;
  readonly operands: readonly Access[];
}

/**
 * The table that a function is called with: extents; then for the output and each operand in memory what to add to its
 * address, in bytes, after each turn of a dimension (in the last one: from element to element).
 */
export function tableOf(extents: readonly number[], steps: readonly (readonly number[])[]): number[] {
  const row = extents.length - 1;
  // After the turns of an inner dimension addresses have gone along it, but for the row: that is walked on a copy.
  const advance = (step: readonly number[]) => step.map((s, d) => s - (d < row - 1 ? extents[d + 1] * step[d + 1] : 0));
  return [...extents, ...steps.flatMap(advance)];
}

/** The parameters: the output, operands (addresses, or numbers), and the table. */
function parametersOf({ operands }: ElementwiseFunction): ValueType[] {
  return ['i32', ...operands.map((access): ValueType => (access === 'number' ? 'f64' : 'i32')), 'i32'];
}

/** What moves along a row: the copy of an address, and the bytes from one element to the next. */
interface Moving {
  readonly at: Local;
  readonly step: Local;
}

/** Writes one function. */
class Writer {
  readonly body: FunctionBody;
  readonly #of: ElementwiseFunction;
  readonly #lanes: Lanes;
  /** The elements of a vector, and the bytes of an element. */
  readonly #width: number;
  readonly #bytes: number;
  readonly #table: Local;
  /** The addresses: the output's, and those of operands in memory. */
  readonly #addresses: readonly Local[];

  constructor(of: ElementwiseFunction) {
    const parameters = parametersOf(of);
    this.#of = of;
    this.body = new FunctionBody(parameters);
    this.#lanes = of.dtype === 'float32' && isExact(of.expression) ? 'f32x4' : 'f64x2';
    this.#width = this.#lanes === 'f32x4' ? 4 : 2;
    this.#bytes = of.dtype === 'float32' ? 4 : 8;
    this.#table = parameters.length - 1;
    this.#addresses = [...parameters.keys()].filter((i) => parameters[i] === 'i32' && i !== this.#table);
  }

  write(): FunctionBody {
    const { operands } = this.#of;
    const vectors = operands.map(() => this.body.local('v128'));
    operands.forEach((access, i) => {
      if (access !== 'number') return;
      this.body.get(i + 1);
      if (this.#lanes === 'f32x4') this.body.op('f32.demote_f64').op('f32x4.splat');
      else this.body.op('f64x2.splat');
      this.body.set(vectors[i]);
    });
    this.#dimension(0, vectors);
    return this.body;
  }

  /** Pushes an entry of the table. */
  #entry(index: number): void {
    this.body.get(this.#table).load(4 * index);
  }

  #dimension(d: number, vectors: readonly Local[]): void {
    const { rank } = this.#of;
    if (d === rank - 1) return this.#row(vectors);
    const { body } = this;
    const count = body.local('i32');
    this.#entry(d);
    body.set(count).loop(() => {
      this.#dimension(d + 1, vectors);
      this.#addresses.forEach((address, a) => {
        body.get(address);
        this.#entry(rank + a * rank + d);
        body.op('i32.add').set(address);
      });
      body.get(count).i32(1).op('i32.sub').set(count).get(count);
    });
  }

  #row(vectors: readonly Local[]): void {
    const { body } = this;
    const { operands, rank } = this.#of;
    const left = body.local('i32'); // elements of the row still to be computed
    this.#entry(rank - 1);
    body.set(left);
    const out = body.local('i32');
    body.get(0).set(out);
    const moving = new Map<number, Moving>();
    operands.forEach((access, i) => {
      if (access === 'number') return;
      if (access === 'still') {
        body.get(i + 1).access(this.#bytes === 4 ? 'v128.load32_splat' : 'v128.load64_splat');
        return void this.#widen().body.set(vectors[i]);
      }
      const each = { at: body.local('i32'), step: body.local('i32') };
      body.get(i + 1).set(each.at);
      this.#entry(rank + this.#addresses.indexOf(i + 1) * rank + rank - 1);
      body.set(each.step);
      moving.set(i, each);
    });
    const lanes = operands.includes('strided') ? Array.from({ length: this.#width - 1 }, () => body.local('i32')) : [];
    body.loop(() => {
      // A lane after the end of the row reads the last element: what lies at its own place may not be memory.
      lanes.forEach((local, i) => {
        body
          .i32(i + 1)
          .get(left)
          .i32(1)
          .op('i32.sub');
        body
          .get(left)
          .i32(i + 1)
          .op('i32.gt_s')
          .op('select')
          .set(local);
      });
      for (const [i, each] of moving) this.#load(operands[i], each, lanes, vectors[i]);
      writeExpression(body, vectorTape(this.#of.expression), this.#lanes, vectors);
      this.#store(out, left);
      body
        .get(out)
        .i32(this.#width * this.#bytes)
        .op('i32.add')
        .set(out);
      for (const [i, { at, step }] of moving) {
        body.get(at);
        if (operands[i] === 'dense') body.i32(this.#width * this.#bytes);
        else body.get(step).i32(this.#width).op('i32.mul');
        body.op('i32.add').set(at);
      }
      body.get(left).i32(this.#width).op('i32.sub').set(left);
      body.get(left).i32(0).op('i32.gt_s');
    });
  }

  /** Loads the next elements of an operand. Dense ones are read as a whole, past the end of the row, too. */
  #load(access: Access, { at, step }: Moving, lanes: readonly Local[], vector: Local): void {
    const { body } = this;
    const whole = this.#width * this.#bytes === 16;
    if (access === 'dense') {
      body.get(at).access(whole ? 'v128.load' : 'v128.load64_zero');
    } else {
      const single = this.#bytes === 4;
      body
        .get(at)
        .access(single ? 'v128.load32_zero' : 'v128.load64_zero')
        .set(vector);
      lanes.forEach((lane, i) => {
        body.get(at, step, lane).op('i32.mul').op('i32.add').get(vector);
        body.access(single ? 'v128.load32_lane' : 'v128.load64_lane', 0, i + 1).set(vector);
      });
      body.get(vector);
    }
    this.#widen().body.set(vector);
  }

  /** Float32 numbers as float64 ones, where that is what they are computed in. */
  #widen(): this {
    if (this.#bytes === 4 && this.#lanes === 'f64x2') this.body.op('f64x2.promote_low_f32x4');
    return this;
  }

  /** Stores the vector on the stack, or as many of its lanes as the row has left. */
  #store(out: Local, left: Local): void {
    const { body } = this;
    const result = body.local('v128');
    if (this.#bytes === 4 && this.#lanes === 'f64x2') body.op('f32x4.demote_f64x2_zero');
    body.set(result);
    body.get(left).i32(this.#width).op('i32.ge_s');
    const whole = this.#width * this.#bytes === 16;
    const one = this.#bytes === 4 ? 'v128.store32_lane' : 'v128.store64_lane';
    body.if(
      () => {
        body.get(out, result);
        if (whole) body.access('v128.store');
        else body.access('v128.store64_lane', 0, 0);
      },
      () => {
        if (this.#width === 2) return void body.get(out, result).access(one, 0, 0);
        body
          .get(left)
          .i32(1)
          .op('i32.eq')
          .if(
            () => void body.get(out, result).access('v128.store32_lane', 0, 0),
            () => {
              body.get(out, result).access('v128.store64_lane', 0, 0);
              body
                .get(left)
                .i32(3)
                .op('i32.eq')
                .if(
                  () => void body.get(out, result).access('v128.store32_lane', 8, 2),
                  () => undefined,
                );
            },
          );
      },
    );
  }
}

/** The module of some functions, which it exports by their names. */
export function emitModule(
  functions: ReadonlyMap<string, ElementwiseFunction>,
  sharedMemory: boolean,
): Uint8Array<ArrayBuffer> {
  return assemble(new Map([...functions].map(([name, of]) => [name, new Writer(of).write()])), sharedMemory);
}
