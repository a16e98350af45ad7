import { BackendError } from '../../../errors.ts';
import { Queue } from '../../../queue.ts';
import { nextTurn, turnIsDue } from '../../../turns.ts';
import { allocate, type NDArray } from '../../array.ts';
import type { Arguments, Executable } from '../../backend.ts';
import type { Plan } from '../../plan.ts';
import { sizeOf } from '../../shape.ts';
import { compute, loadFor } from '../reference/index.ts';
import type { Device, DeviceArray } from './device.ts';
import { loadGpuJs, unwrapped } from './gpujs.ts';
import type { GpuBackend, GpuBackendOptions } from './gpuBackend.ts';
import { checkMode, type GpuMode } from './modes.ts';
import { openDevice } from './openDevice.ts';
import { type GpuProgram, lowerPlan, type Operation } from './program.ts';

/** What `gpuBackend` does, in a file of its own with all that it takes: who does not call it does not load it. */
export async function openGpu({ mode = 'auto', gpujs }: GpuBackendOptions): Promise<GpuBackend> {
  checkMode(mode);
  const loaded = gpujs === undefined ? await loadGpuJs() : unwrapped(gpujs);
  const device = await openDevice(mode, loaded);
  return new OpenBackend(device);
}

class OpenBackend implements GpuBackend {
  readonly name = 'gpu';
  readonly mode: GpuMode;
  readonly renderer: string;
  readonly device: string;
  readonly dtypes = ['float32'] as const;
  readonly parallelism = 1;
  /** A launch costs as much as thousands of elements: blocks are large, within what a kernel can count. */
  readonly blocks = { rows: 32, bytes: 2 ** 24 };
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
    this.mode = device.mode;
    this.renderer = device.renderer;
    this.device = `GPU.js ${device.mode} on ${device.renderer}, float32; kernel matrices in float64 on the host`;
  }

  get arrays(): number {
    return this.#device.arrays;
  }

  get kernels(): number {
    return this.#device.kernels;
  }

  get launches(): number {
    return this.#device.launches;
  }

  compile(plan: Plan): Promise<Executable> {
    return new Promise((resolve) => {
      this.#device.checkOpen();
      resolve(new GpuExecutable(this.#device, plan, lowerPlan(plan, this.#device.dialect)));
    });
  }

  close(): Promise<void> {
    return this.#device.close();
  }
}

class GpuExecutable implements Executable {
  readonly #device: Device;
  readonly #plan: Plan;
  readonly #program: GpuProgram;
  /** Where each array is: on the host, on the device, or on both. */
  readonly #host = new Map<number, NDArray>();
  readonly #there = new Map<number, DeviceArray>();
  /** Bindings and runs, which work on the same arrays. */
  readonly #queue = new Queue();
  #disposed = false;

  constructor(device: Device, plan: Plan, program: GpuProgram) {
    this.#device = device;
    this.#plan = plan;
    this.#program = program;
    plan.values.forEach(({ constant }, id) => constant && this.#host.set(id, constant));
  }

  bind(fixed: readonly (NDArray | undefined)[], signal?: AbortSignal): Promise<void> {
    return this.#queue.run(() => this.#bind(fixed, signal));
  }

  carried(): Promise<NDArray[]> {
    return this.#queue.run(async () => {
      this.#checkUsable();
      const arrays: NDArray[] = [];
      for (const { value } of this.#plan.carried) {
        const array = await this.#onHost(value);
        arrays.push({ ...array, data: array.data.slice() });
      }
      return arrays;
    });
  }

  run(varying: Arguments, signal?: AbortSignal): Promise<NDArray[]> {
    return this.#queue.run(() => this.#run(varying, signal));
  }

  async #bind(fixed: readonly (NDArray | undefined)[], signal: AbortSignal | undefined): Promise<void> {
    this.#checkUsable();
    const carry = this.#plan.carried.filter(({ input }) => fixed[this.#plan.fixedInputs.indexOf(input)] === undefined);
    const moved = carry.map(({ input, value }) => ({ input, ...this.#takeAway(value) }));
    const constants = this.#plan.values.flatMap(({ constant }, id) => (constant ? [id] : []));
    for (const id of [...this.#there.keys()]) if (!constants.includes(id)) this.#forget(id);
    this.#plan.fixedInputs.forEach((id, i) => {
      const given = fixed[i];
      if (given) this.#host.set(id, given);
    });
    for (const { input, there, host } of moved) {
      if (there) this.#there.set(input, there);
      if (host) this.#host.set(input, host);
      else this.#host.delete(input);
    }
    await this.#execute(this.#program.fixed, signal);
  }

  async #run(varying: Arguments, signal: AbortSignal | undefined): Promise<NDArray[]> {
    this.#checkUsable();
    this.#plan.varyingInputs.forEach((id, i) => {
      this.#forget(id);
      this.#host.set(id, varying[i]);
    });
    await this.#execute(this.#program.varying, signal);
    const outputs: NDArray[] = [];
    for (const id of this.#plan.outputs) {
      const array = await this.#onHost(id);
      outputs.push({ ...array, data: array.data.slice() });
    }
    for (const { writes } of this.#program.varying) for (const id of writes) this.#forget(id);
    return outputs;
  }

  async runBlocks(
    blocks: Iterable<Arguments>,
    consume: (block: number, outputs: readonly NDArray[]) => void,
    _: unknown,
    signal?: AbortSignal,
  ): Promise<void> {
    let count = 0;
    for (const block of blocks) {
      consume(count++, await this.run(block, signal));
      // Lets timers and input through, and a page draw.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const id of [...this.#there.keys()]) this.#forget(id);
    this.#host.clear();
  }

  async #execute(operations: readonly Operation[], signal: AbortSignal | undefined): Promise<void> {
    for (const operation of operations) {
      signal?.throwIfAborted();
      // What is computed on the host, or waits for no device, lets timers and input through.
      if (turnIsDue()) await nextTurn(signal);
      this.#checkUsable();
      if (operation.kind === 'kernel') {
        const { kernel, reads, writes } = operation.call;
        const operands: DeviceArray[] = [];
        for (const id of reads) operands.push(await this.#onDevice(id));
        const results = await this.#device.run(kernel, operands);
        writes.forEach((id, i) => {
          this.#forget(id);
          this.#there.set(id, results[i]);
        });
      } else {
        const { item } = operation;
        const { shape, dtype } = this.#plan.values[item.output];
        const output: NDArray = { shape, dtype, data: allocate(dtype, sizeOf(shape)) };
        const operands: NDArray[] = [];
        for (const id of item.operands) operands.push(await this.#onHost(id));
        await loadFor(item, this.#plan.values);
        compute(item, output, operands);
        this.#host.set(item.output, output);
      }
      operation.release.forEach((id) => this.#forget(id));
    }
  }

  async #onDevice(id: number): Promise<DeviceArray> {
    let array = this.#there.get(id);
    if (array === undefined) this.#there.set(id, (array = await this.#device.upload(this.#host.get(id)!.data)));
    return array;
  }

  async #onHost(id: number): Promise<NDArray> {
    const known = this.#host.get(id);
    if (known) return known;
    const { shape, dtype } = this.#plan.values[id];
    const data = await this.#device.download(this.#there.get(id)!, sizeOf(shape));
    return { shape, dtype, data };
  }

  /** An array that is to become another one: from the device, where it stays, or what the host has of it. */
  #takeAway(id: number): { readonly there: DeviceArray | undefined; readonly host: NDArray | undefined } {
    const isConstant = this.#plan.values[id].constant !== undefined;
    const there = isConstant ? undefined : this.#there.get(id);
    if (there) this.#there.delete(id);
    return { there, host: this.#host.get(id) };
  }

  /** Drops what was computed or uploaded; constants and inputs stay on the host. */
  #forget(id: number): void {
    const array = this.#there.get(id);
    if (array !== undefined) this.#device.free(array);
    this.#there.delete(id);
    const isGiven = this.#plan.values[id]?.constant ?? this.#plan.fixedInputs.includes(id);
    if (!isGiven) this.#host.delete(id);
  }

  #checkUsable(): void {
    if (this.#disposed) throw new BackendError('backend gpu: this program has been disposed');
    this.#device.checkOpen();
  }
}
