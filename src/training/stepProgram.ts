import { grad } from '../autodiff/index.ts';
import { type Buffer, type Module, type Parameter, Trace } from '../nn/index.ts';
import {
  allocate,
  cast,
  checkTensor,
  constant,
  formatShape,
  input,
  InputError,
  linearCombination,
  ndarray,
  type NDArray,
  Program,
  ShapeError,
  type Shape,
  sizeOf,
  type Tensor,
} from '../tensor/index.ts';
import type { Scalars } from './optimizer.ts';
import type { TrainerSettings } from './settings.ts';

/** One array of the optimiser's for one parameter. */
interface StateArray {
  readonly name: string;
  readonly tensor: Tensor;
}

/** One step of training as a program, for batches of one shape. Parameters, buffers and the optimiser's arrays are carried. */
export class StepProgram {
  readonly #trace: Trace;
  readonly #target: Tensor;
  readonly #scalars: ReadonlyMap<string, Tensor>;
  readonly #variables: ReadonlyMap<Parameter | Buffer, Tensor>;
  /** What a step changes of them. */
  readonly #changing: ReadonlySet<Parameter | Buffer>;
  readonly #state: readonly StateArray[];
  readonly #program: Program;
  /** Values that the next step begins with, where they are not what the last one left. */
  #given: ReadonlyMap<Tensor, NDArray> = new Map();

  private constructor(fields: {
    trace: Trace;
    target: Tensor;
    scalars: ReadonlyMap<string, Tensor>;
    variables: ReadonlyMap<Parameter | Buffer, Tensor>;
    changing: ReadonlySet<Parameter | Buffer>;
    state: readonly StateArray[];
    program: Program;
  }) {
    this.#trace = fields.trace;
    this.#target = fields.target;
    this.#scalars = fields.scalars;
    this.#variables = fields.variables;
    this.#changing = fields.changing;
    this.#state = fields.state;
    this.#program = fields.program;
  }

  /**
   * @throws ShapeError when the batch does not fit the network, or the loss is not a scalar; InputError when nothing of the
   * network is trained.
   */
  static async compile(
    network: Module,
    shape: Shape,
    targetShape: Shape,
    { loss: lossOf, optimizer, mode, parameters, backend, dtype }: TrainerSettings,
  ): Promise<StepProgram> {
    const trace = new Trace(network, shape, { mode, dtype });
    const target = input('target', targetShape, dtype);
    const loss: unknown = lossOf(trace.y, target);
    checkTensor('trainer: loss', loss);
    const { rank, shape: lossShape } = loss;
    if (rank !== 0) throw new ShapeError(`trainer: loss: expected a scalar, got shape ${formatShape(lossShape)}`);
    const trained = [...trace.parameters(network)].filter(([name]) => parameters(name));
    if (trained.length === 0) throw new InputError('trainer: expected a parameter to train, got none');
    const gradients = grad(
      loss,
      trained.map(([, tensor]) => tensor),
    );

    const numbers = optimizer.scalars({ step: 1, learningRate: optimizer.learningRate });
    const scalars = new Map(Object.keys(numbers).map((name) => [name, input(name, [], dtype)]));
    const carry = new Map<Tensor, Tensor>();
    const state: StateArray[] = [];
    trained.forEach(([name, parameter], i) => {
      const arrays = optimizer.state.map((kind) => input(`${kind}.${name}`, parameter.shape, dtype));
      const updated = optimizer.update(parameter, gradients[i], arrays, Object.fromEntries(scalars));
      carry.set(parameter, updated.parameter);
      arrays.forEach((tensor, k) => {
        carry.set(tensor, updated.state[k]);
        state.push({ name: `${optimizer.state[k]}.${name}`, tensor });
      });
    });
    // Running statistics follow the batch; one that is observed twice, twice.
    for (const { buffer, statistic, momentum } of trace.observations) {
      const leaf = trace.buffer(buffer);
      carry.set(leaf, linearCombination([carry.get(leaf) ?? leaf, statistic()], [1 - momentum, momentum]));
    }
    const variables = new Map(trace.leaves);
    const changing = new Set([...variables].filter(([, leaf]) => carry.has(leaf)).map(([variable]) => variable));
    for (const leaf of variables.values()) if (!carry.has(leaf)) carry.set(leaf, leaf);
    const program = await Program.compile([loss, outputOf(trace, carry)], { backend, carry });
    return new StepProgram({ trace, target, scalars, variables, changing, state, program });
  }

  /** Begins with the network's present values and the optimiser's arrays by name, zeros where there are none. */
  load(state: ReadonlyMap<string, NDArray>): void {
    const { dtype } = this.#trace;
    this.#given = new Map([
      ...this.#trace.variables(),
      ...this.#state.map(({ name, tensor }): [Tensor, NDArray] => {
        const { shape } = tensor;
        const known = state.get(name);
        return [tensor, known ? cast(known, dtype) : { shape, dtype, data: allocate(dtype, sizeOf(shape)) }];
      }),
    ]);
  }

  /** The loss and the output of a batch before the step that is taken. */
  async step(
    x: NDArray,
    target: NDArray,
    scalars: Scalars<number>,
    signal: AbortSignal | undefined,
  ): Promise<NDArray[]> {
    const { dtype, x: images } = this.#trace;
    const numbers = [...this.#scalars].map(([name, tensor]): [Tensor, NDArray] => {
      return [tensor, ndarray([scalars[name]], [], dtype)];
    });
    const batch: [Tensor, NDArray][] = [
      [images, x],
      [this.#target, target],
    ];
    await this.#program.bind(new Map([...this.#given, ...batch, ...numbers]), signal);
    this.#given = new Map();
    return this.#program.run(undefined, signal);
  }

  /** Brings what steps have changed into the network. Returns the optimiser's arrays by name. */
  async save(): Promise<Map<string, NDArray>> {
    const carried = await this.#program.carried();
    for (const [variable, leaf] of this.#variables) {
      if (this.#changing.has(variable)) variable.value = carried.get(leaf)!;
    }
    return new Map(this.#state.map(({ name, tensor }) => [name, carried.get(tensor)!]));
  }

  dispose(): void {
    this.#program.dispose();
  }
}

/** The output; a copy where it is a parameter itself, which is not what it was after the step. */
function outputOf({ y }: Trace, carry: ReadonlyMap<Tensor, Tensor>): Tensor {
  return carry.has(y) ? linearCombination([y, constant(ndarray([0], [], y.dtype))], [1, 1]) : y;
}
