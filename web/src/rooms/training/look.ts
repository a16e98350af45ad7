import { type Module, Trace } from 'ntkit/nn';
import { cast, defaultBackend, ndarray, type NDArray, Program } from 'ntkit/tensor';

/**
 * A network's outputs at many points, with the parameters that it had at one moment. They come a part at a time, so that
 * training goes on in between.
 */
export class Look {
  readonly #trace: Trace;
  readonly #program: Program;
  readonly #parts: readonly NDArray[];
  /** What is computed of the present look, [M]. */
  readonly #outputs: Float32Array;
  #done: number;

  private constructor(trace: Trace, program: Program, parts: readonly NDArray[], points: number) {
    [this.#trace, this.#program, this.#parts] = [trace, program, parts];
    this.#outputs = new Float32Array(points);
    this.#done = parts.length;
  }

  /** @param points [M, D] */
  static async of(network: Module, points: NDArray, parts: number, signal?: AbortSignal): Promise<Look> {
    const backend = await defaultBackend('float32');
    const [m, inputs] = points.shape;
    const rows = Math.ceil(m / parts);
    const trace = new Trace(network, [rows, inputs], { mode: 'eval', dtype: 'float32' });
    const program = await Program.compile([trace.y], { backend, signal, varying: [trace.x] });
    const { data } = cast(points, 'float32');
    const all = Array.from({ length: Math.ceil(m / rows) }, (_, part) => {
      const values = new Float32Array(rows * inputs); // the last part may be longer than what is left
      values.set(data.subarray(part * values.length, (part + 1) * values.length));
      return ndarray(values, [rows, inputs], 'float32');
    });
    return new Look(trace, program, all, m);
  }

  /** Whether the present look has come to its end. */
  get isDone(): boolean {
    return this.#done === this.#parts.length;
  }

  /** Begins a look with the parameters that the network has now. */
  async begin(signal?: AbortSignal): Promise<void> {
    await this.#program.bind(this.#trace.variables(), signal);
    this.#done = 0;
  }

  /** One part more. @returns all outputs after the last, [M] */
  async next(signal?: AbortSignal): Promise<Float32Array | undefined> {
    const part = this.#parts[this.#done];
    const [{ data }] = await this.#program.run(new Map([[this.#trace.x, part]]), signal);
    const from = this.#done * data.length;
    this.#outputs.set(data.subarray(0, this.#outputs.length - from), from);
    this.#done += 1;
    return this.isDone ? this.#outputs.slice() : undefined;
  }

  /** A look at once, [M]. */
  async whole(signal?: AbortSignal): Promise<Float32Array> {
    await this.begin(signal);
    for (;;) {
      const outputs = await this.next(signal);
      if (outputs) return outputs;
    }
  }

  dispose(): void {
    this.#program.dispose();
  }
}
