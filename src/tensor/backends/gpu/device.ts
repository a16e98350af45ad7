import { BackendError } from '../../../errors.ts';
import type { FloatArray } from '../../array.ts';
import { type Dialect, dialects } from './dialect.ts';
import type { GpuJs, GpuJsKernel, GpuJsModule, GpuJsSettings, GpuJsTexture } from './gpujs.ts';
import { kernelFunctions, type KernelSource, texelsOf } from './lowering.ts';
import type { GpuMode } from './modes.ts';
import { TexturePool } from './texturePool.ts';

/** An array on a device. */
export type DeviceArray = GpuJsTexture | ArrayLike<ArrayLike<number> | number>;

/** Loops are bounded by literals, all of them far below this; GPU.js stops loops of another kind at 1000 in silence. */
const LONGEST_LOOP = 2 ** 24;

/** A context of OpenGL, as far as it is asked for its state. */
interface GlContext {
  readonly RENDERER: number;
  getParameter(name: number): unknown;
  getExtension(name: string): Record<string, number> | null;
  getError(): number;
  isContextLost(): boolean;
}

/** GPU.js's pair of WebGPU's adapter and device. */
interface WebGpuContext {
  readonly adapter: { readonly info?: Readonly<Record<'vendor' | 'architecture' | 'device' | 'description', string>> };
  readonly isLost?: boolean;
}

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
  #context: Partial<GlContext> | WebGpuContext | undefined;
  #closed = false;
  #alive = 0;
  #names = 0;

  constructor(mode: GpuMode, gpujs: GpuJsModule) {
    this.mode = mode;
    this.dialect = dialects[mode];
    this.#gpujs = gpujs;
    this.#gpu = new gpujs.GPU({ mode });
  }

  /** How many arrays are on the device. */
  get arrays(): number {
    return this.#alive;
  }

  /** How many kernels are compiled. */
  get kernels(): number {
    return this.#kernels.size;
  }

  /** The graphics stack, as it names itself, after a first kernel has run. */
  get renderer(): string {
    switch (this.mode) {
      case 'headlessgl':
      case 'webgl2':
        return rendererOf(this.#context as GlContext);
      case 'webgpu':
        return adapterOf(this.#context as WebGpuContext);
      case 'webasm':
        return 'WebAssembly';
      case 'cpu':
        return 'JavaScript';
    }
  }

  /** Puts numbers on the device. */
  async upload(data: FloatArray): Promise<DeviceArray> {
    this.checkOpen();
    const texels = texelsOf(data.length);
    const padded = new Float32Array(4 * texels);
    padded.set(data);
    if (this.mode === 'cpu') {
      this.#alive++;
      return Array.from({ length: texels }, (_, t) => padded.subarray(4 * t, 4 * t + 4));
    }
    const kernel = this.#kernel(`upload ${texels}`, (name) => {
      const output = this.dialect.output(texels);
      const thread = this.dialect.thread(output);
      const body = this.dialect.packed
        ? `const i = (${thread}) * 4; return [x[i], x[i + 1], x[i + 2], x[i + 3]];`
        : `return x[${thread}];`;
      return this.#gpu.createKernel(`function ${name}(x) { ${body} }`, this.#settings(output));
    });
    const [array] = await this.#call('upload', kernel, [this.#gpujs.input(padded, [padded.length])]);
    return array;
  }

  /** Runs a kernel. */
  async run(source: KernelSource, operands: readonly DeviceArray[]): Promise<DeviceArray[]> {
    this.checkOpen();
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
      else if (texture.toArray) values = await texture.toArray();
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
      if (result instanceof Promise) result = await result;
    } catch (error) {
      throw this.#failure(what, error);
    }
    const ran = kernel.kernel?.constructor.mode;
    if (ran === 'cpu' && this.mode !== 'cpu') {
      throw this.#failure(
        what,
        new Error(`GPU.js went over to JavaScript (${kernel.fallbackReason ?? 'no reason given'})`),
      );
    }
    this.#pool.adopt(kernel.kernel);
    this.#context ??= (kernel.kernel?.context ?? undefined) as Partial<GlContext> | WebGpuContext | undefined;
    this.#checkContext();
    const arrays = isMap(result) ? Object.values(result) : [result as DeviceArray];
    this.#alive += arrays.length;
    return arrays;
  }

  #checkContext(): void {
    if (this.#context && 'isContextLost' in this.#context && this.#context.isContextLost?.()) {
      throw this.#failure('context', new Error());
    }
  }

  /** A page tells that a context was lost; headless-gl throws at whatever is asked of it. */
  #isLost(): boolean {
    const context = this.#context;
    if (!context) return false;
    if ('isLost' in context) return context.isLost === true;
    try {
      const gl = context as GlContext;
      gl.getError();
      return gl.isContextLost();
    } catch {
      return true;
    }
  }

  #failure(what: string, error: unknown): BackendError {
    const reason = error instanceof Error ? error.message : String(error);
    const lost = this.#isLost();
    return new BackendError(
      lost
        ? `backend gpu: the graphics context of ${this.mode} was lost, and all arrays with it; open the backend anew`
        : `backend gpu: ${what} on ${this.mode}: ${reason.split('\n').slice(0, 3).join(' ')}`,
    );
  }
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

/** What WebGPU tells of its adapter; a page may keep parts of it to itself. */
function adapterOf({ adapter: { info } }: WebGpuContext): string {
  const parts = info ? [info.vendor, info.architecture, info.device, info.description] : [];
  return parts.filter((part) => part !== '').join(' ') || 'WebGPU';
}

/** The renderer of a context. A page reports it by an extension; headless-gl by the class that its own derives from. */
function rendererOf(context: GlContext): string {
  const extension = context.getExtension('WEBGL_debug_renderer_info');
  if (extension) return String(context.getParameter(extension.UNMASKED_RENDERER_WEBGL));
  let name = String(context.getParameter(context.RENDERER));
  for (let type: object | null = context; type !== null; type = Object.getPrototypeOf(type) as object | null) {
    const own = Object.getOwnPropertyDescriptor(type, 'getParameter');
    if (own) name = String((own.value as GlContext['getParameter']).call(context, context.RENDERER));
  }
  return name;
}
