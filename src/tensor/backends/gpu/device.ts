import { BackendError } from '../../../errors.ts';
import type { FloatArray } from '../../array.ts';
import { type Dialect, dialects } from './dialect.ts';
import type { GpuJs, GpuJsKernel, GpuJsModule, GpuJsSettings, GpuJsTexture } from './gpujs.ts';
import { type GlContext, isSoftware, rendererOf } from './glContext.ts';
import { kernelFunctions, type KernelSource, texelsOf } from './lowering.ts';
import type { GpuMode } from './modes.ts';
import { TexturePool } from './texturePool.ts';
import { leaseWebGpu, nameOf, type WebGpuLease } from './webgpu.ts';

/** An array on a device. */
export type DeviceArray = GpuJsTexture | ArrayLike<ArrayLike<number> | number>;

/** Loops are bounded by literals, all of them far below this; GPU.js stops loops of another kind at 1000 in silence. */
const LONGEST_LOOP = 2 ** 24;

/**
 * A device of GPU.js: arrays are put on it, computed there and read back. Kernels are compiled when they are first used
 * and kept; each keeps one array of its output's size, too, which it writes again when the last result is freed.
 */
export class Device {
  readonly mode: GpuMode;
  readonly dialect: Dialect;
  readonly #gpujs: GpuJsModule;
  readonly #gpu: GpuJs;
  readonly #kernels = new Map<string, GpuJsKernel>();
  readonly #bySource = new WeakMap<KernelSource, GpuJsKernel>();
  readonly #pool = new TexturePool();
  readonly #lease: WebGpuLease | undefined;
  #context: Partial<GlContext> | undefined;
  #closed = false;
  #launches = 0;
  #alive = 0;
  #names = 0;

  private constructor(mode: GpuMode, gpujs: GpuJsModule, lease: WebGpuLease | undefined) {
    this.mode = mode;
    const { limits } = lease?.context.device ?? {};
    // Of the arrays that WebGPU binds to a kernel one is written.
    this.dialect = limits
      ? { ...dialects[mode], mostOperands: limits.maxStorageBuffersPerShaderStage - 1 }
      : dialects[mode];
    this.#gpujs = gpujs;
    this.#lease = lease;
    const create = () => new gpujs.GPU({ mode });
    this.#gpu = lease ? lease.call(create) : create();
  }

  /**
   * Opens a device, on which numbers have gone there and back.
   *
   * @throws BackendError when there is none, or it does not give back what it was sent.
   */
  static async open(mode: GpuMode, gpujs: GpuJsModule): Promise<Device> {
    const device = new Device(mode, gpujs, mode === 'webgpu' ? await leaseWebGpu(gpujs) : undefined);
    try {
      await device.#checkRoundTrip();
    } catch (error) {
      await device.close();
      throw error;
    }
    return device;
  }

  /** How many arrays are on the device. */
  get arrays(): number {
    return this.#alive;
  }

  /** How many kernels are compiled. */
  get kernels(): number {
    return this.#kernels.size;
  }

  /** How many kernels have run. */
  get launches(): number {
    return this.#launches;
  }

  /** The graphics stack, as it names itself. */
  get renderer(): string {
    switch (this.mode) {
      case 'headlessgl':
      case 'webgl2':
        return rendererOf(this.#context as GlContext);
      case 'webgpu':
        return nameOf(this.#lease!.context.adapter);
      case 'webasm':
        return 'WebAssembly';
      case 'cpu':
        return 'JavaScript';
    }
  }

  /** Whether a processor computes instead of a graphics device. */
  get software(): boolean {
    return this.#lease?.software ?? isSoftware(this.renderer);
  }

  async #checkRoundTrip(): Promise<void> {
    const sent = Float32Array.of(1, -2, 3.5, 2 ** -20, 5);
    const back = await this.upload(sent);
    const got = await this.download(back, sent.length);
    this.free(back);
    if (got.every((value, i) => value === sent[i])) return;
    throw new BackendError(
      `backend gpu: ${this.mode}: expected ${sent.join()} back from the device, got ${got.join()}`,
    );
  }

  /** Puts numbers on the device. */
  async upload(data: FloatArray): Promise<DeviceArray> {
    this.checkOpen();
    const texels = texelsOf(data.length);
    if (this.mode === 'cpu') {
      const padded = padTo(4 * texels, data);
      this.#alive++;
      return Array.from({ length: texels }, (_, t) => padded.subarray(4 * t, 4 * t + 4));
    }
    const kernel = this.#kernel(`upload ${texels}`, (name) => {
      const output = this.dialect.output(texels);
      const thread = this.dialect.thread(output);
      const body = this.dialect.wide
        ? `const i = (${thread}) * 4; return [x[i], x[i + 1], x[i + 2], x[i + 3]];`
        : `return x[${thread}];`;
      return this.#gpu.createKernel(`function ${name}(x) { ${body} }`, this.#settings(output));
    });
    // GPU.js puts it into a texture that is nearly square, whose sides are as short as can be if it is square.
    const squared = padTo(4 * Math.ceil(Math.sqrt(texels)) ** 2, data);
    const [array] = await this.#call('upload', kernel, [this.#gpujs.input(squared, [squared.length])]);
    return array;
  }

  /** Runs a kernel. */
  async run(source: KernelSource, operands: readonly DeviceArray[]): Promise<DeviceArray[]> {
    this.checkOpen();
    this.#launches++;
    let kernel = this.#bySource.get(source);
    if (kernel === undefined) this.#bySource.set(source, (kernel = this.#compiled(source)));
    return this.#call('kernel', kernel, operands);
  }

  /** The kernel of a text; equal texts for equal sizes are compiled once. */
  #compiled(source: KernelSource): GpuJsKernel {
    const key = [source.texels, source.operandTexels.join(), source.body, ...source.planes.flat()].join('\n');
    return this.#kernel(key, (name) => {
      const { source: text, further } = kernelFunctions(source, name, this.dialect);
      const settings = this.#settings(this.dialect.output(source.texels));
      if (further.length === 0) return this.#gpu.createKernel(text, settings);
      const planes = Object.fromEntries(further.map((f, i) => [`plane${i + 1}`, f]));
      return this.#gpu.createKernelMap(planes, text, settings);
    });
  }

  /** Reads numbers back. */
  async download(array: DeviceArray, size: number): Promise<Float32Array> {
    this.checkOpen();
    const texture = array as GpuJsTexture;
    let values: unknown = array;
    try {
      if (texture.renderValues) values = texture.renderValues();
      else if (texture.toArray) values = await this.#during(texture.toArray());
    } catch (error) {
      throw this.#failure('read back', error);
    }
    this.#checkContext();
    const result = new Float32Array(size);
    if (values instanceof Float32Array) result.set(values.subarray(0, size));
    else flatten(values as ArrayLike<unknown>, result);
    return result;
  }

  /** Frees an array. */
  free(array: DeviceArray): void {
    this.#alive--;
    if (!this.#closed) (array as GpuJsTexture).delete?.();
  }

  /** @throws BackendError when the device is closed. */
  checkOpen(): void {
    if (this.#closed) throw new BackendError('backend gpu: expected an open backend, got one that was closed');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#kernels.clear();
    // A lost context has taken everything with it, and headless-gl would throw.
    if (!this.#isLost()) await this.#gpu.destroy();
    await this.#lease?.release();
  }

  #settings(output: number[]): GpuJsSettings {
    return {
      output,
      precision: 'single',
      tactic: 'precision',
      pipeline: true,
      immutable: true,
      loopMaxIterations: LONGEST_LOOP,
      ...(this.dialect.nativeFunctions.length > 0 ? { nativeFunctions: this.dialect.nativeFunctions } : {}),
    };
  }

  #kernel(key: string, create: (name: string) => GpuJsKernel): GpuJsKernel {
    let kernel = this.#kernels.get(key);
    if (kernel === undefined) {
      kernel = create(`kernel${this.#names++}`);
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }

  async #call(what: string, kernel: GpuJsKernel, operands: readonly unknown[]): Promise<DeviceArray[]> {
    let result: unknown;
    try {
      result = kernel(...operands);
      if (result instanceof Promise) result = await this.#during(result);
    } catch (error) {
      throw this.#failure(what, error);
    }
    const ran = kernel.kernel?.constructor.mode;
    if (ran === 'cpu' && this.mode !== 'cpu') {
      throw this.#failure(
        what,
        new Error(`GPU.js fell back to JavaScript (${kernel.fallbackReason ?? 'no reason given'})`),
      );
    }
    this.#pool.adopt(kernel.kernel);
    if (!this.#lease) this.#context ??= (kernel.kernel?.context ?? undefined) as Partial<GlContext> | undefined;
    this.#checkContext();
    const arrays = isMap(result) ? Object.values(result) : [result as DeviceArray];
    this.#alive += arrays.length;
    if (this.#lease) arrays.forEach(asFlat);
    return arrays;
  }

  #checkContext(): void {
    if (this.#context?.isContextLost?.()) {
      throw this.#failure('context', new Error());
    }
  }

  /** A page tells that a context was lost; headless-gl throws at whatever is asked of it. */
  #isLost(): boolean {
    if (this.#lease) return this.#lease.context.isLost === true;
    const context = this.#context;
    if (!context) return false;
    try {
      const gl = context as GlContext;
      gl.getError();
      return gl.isContextLost();
    } catch {
      return true;
    }
  }

  /** Waits for the device. */
  #during<T>(promise: T | Promise<T>): T | Promise<T> {
    return this.#lease && promise instanceof Promise ? this.#lease.during(promise) : promise;
  }

  #failure(what: string, error: unknown): BackendError {
    const reason = error instanceof Error ? error.message : String(error);
    const lost = this.#isLost();
    return new BackendError(
      lost
        ? `backend gpu: the graphics context of ${this.mode} was lost, and all arrays with it; open a new backend`
        : `backend gpu: ${what} on ${this.mode}: ${reason.split('\n').slice(0, 3).join(' ')}`,
    );
  }
}

/** A buffer of WebGPU as an array of numbers: GPU.js hands it to a kernel in no other form, and it lies there as one. */
function asFlat(array: DeviceArray): void {
  const buffer = array as { componentCount: number; output: number[] };
  buffer.output = [buffer.output[0] * buffer.componentCount];
  buffer.componentCount = 1;
}

/** Numbers with zeros after them. */
function padTo(size: number, data: FloatArray): Float32Array {
  const padded = new Float32Array(size);
  padded.set(data);
  return padded;
}

/** The arrays of a kernel map, `result` first. */
function isMap(result: unknown): result is Record<string, DeviceArray> {
  return typeof result === 'object' && result !== null && 'result' in result;
}

/** Copies nested arrays, as far as there is room. */
function flatten(values: ArrayLike<unknown>, into: Float32Array): void {
  let at = 0;
  const visit = (list: ArrayLike<unknown>): void => {
    for (let i = 0; i < list.length && at < into.length; i++) {
      const item = list[i];
      if (typeof item === 'number') into[at++] = item;
      else visit(item as ArrayLike<unknown>);
    }
  };
  visit(values);
}
