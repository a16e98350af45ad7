import { BackendError } from '../../../errors.ts';
import { type Dawn, HOW_IN_NODE, isNode, loadDawn } from './dawn.ts';
import type { GpuJsModule } from './gpujs.ts';
import type { WebGpu, WebGpuAdapter, WebGpuContext } from './webgpuTypes.ts';

/** An adapter of WebGPU: a device that may be computed on. */
export interface GpuAdapter {
  /** As it names itself. */
  readonly name: string;
  readonly vendor: string;
  /** Whether it is a processor that computes instead of a graphics device. */
  readonly software: boolean;
  /** Arrays that a kernel may be bound to, one of which it writes. */
  readonly storageBuffers: number;
  /** The largest array, in bytes. */
  readonly bufferBytes: number;
}

/** WebGPU of the page, or of Dawn in Node. `run` waits for what it promises. */
interface Source {
  readonly gpu: WebGpu;
  readonly dawn?: Dawn;
  readonly run: <T>(ask: () => Promise<T>) => Promise<T>;
}

/** @throws BackendError when there is none. */
async function source(): Promise<Source> {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: WebGpu };
  if (gpu) return { gpu, run: (ask) => ask() };
  if (!isNode()) throw unavailable();
  const dawn = await loadDawn();
  return { gpu: dawn.gpu, dawn, run: (ask) => dawn.ticks.during(dawn.ticks.call(ask)) };
}

function unavailable(): BackendError {
  const how = isNode() ? `no adapter answers: ${HOW_IN_NODE}` : 'expected a browser with WebGPU and an adapter';
  return new BackendError(`backend gpu: mode webgpu is not available: ${how}`);
}

/**
 * The adapter that is taken: a graphics device before a processor, as WebGPU itself prefers.
 *
 * @throws BackendError when there is none.
 */
async function best({ gpu, run }: Source): Promise<WebGpuAdapter> {
  const adapter = await run(() => gpu.requestAdapter({ powerPreference: 'high-performance' }));
  if (!adapter) throw unavailable();
  return adapter;
}

/** What WebGPU tells of an adapter. */
export function nameOf({ info }: Pick<WebGpuAdapter, 'info'>): string {
  const parts = info ? [info.vendor, info.architecture, info.device, info.description] : [];
  return parts.filter(Boolean).join(' ') || 'WebGPU';
}

function describe(adapter: WebGpuAdapter): GpuAdapter {
  return {
    name: nameOf(adapter),
    vendor: adapter.info?.vendor ?? '',
    software: adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false,
    storageBuffers: adapter.limits.maxStorageBuffersPerShaderStage,
    bufferBytes: Math.min(adapter.limits.maxStorageBufferBindingSize, adapter.limits.maxBufferSize),
  };
}

/**
 * The adapter of WebGPU that is taken here.
 *
 * @throws BackendError when there is none.
 */
export async function webGpuAdapter(): Promise<GpuAdapter> {
  return describe(await best(await source()));
}

/**
 * All adapters of WebGPU that answer here, the one that is taken first.
 *
 * @throws BackendError when there is none.
 */
export async function webGpuAdapters(): Promise<GpuAdapter[]> {
  const from = await source();
  const found = [await best(from)];
  for (const options of [{ powerPreference: 'low-power' }, { forceFallbackAdapter: true }] as const) {
    const adapter = await from.run(() => from.gpu.requestAdapter(options));
    if (adapter) found.push(adapter);
  }
  return [...new Map(found.map((adapter) => [nameOf(adapter), describe(adapter)])).values()];
}

/** The use of the device that GPU.js computes on. */
export interface WebGpuLease {
  readonly context: WebGpuContext;
  /** Whether it is a processor that computes instead of a graphics device. */
  readonly software: boolean;
  /** Calls with `navigator.gpu` as GPU.js looks for it. */
  call<T>(f: () => T): T;
  /** Waits for what the device promises. */
  during<T>(promise: Promise<T>): Promise<T>;
  /** Gives it back. In Node the last one ends the device; a page's may be others' too. */
  release(): Promise<void>;
}

/** How many leases there are of a device. */
const leases = new WeakMap<WebGpuContext, number>();

/**
 * Opens GPU.js's device on the adapter that is taken, or shares it if it is open.
 *
 * @throws BackendError when there is none.
 */
export async function leaseWebGpu(gpujs: GpuJsModule): Promise<WebGpuLease> {
  const from = await source();
  const adapter = await best(from);
  const asked = {
    requestAdapter: () =>
      Promise.resolve({ ...withAllBuffers(adapter, from), info: adapter.info, limits: adapter.limits }),
  };
  const call = <T>(f: () => T) => withNavigator(asked, f);
  const context = await from.run(() => call(() => gpujs.WebGPUContext.acquire()));
  leases.set(context, (leases.get(context) ?? 0) + 1);
  return {
    context,
    software: describe(adapter).software,
    call,
    during: (promise) => (from.dawn ? from.dawn.ticks.during(promise) : promise),
    async release() {
      const left = leases.get(context)! - 1;
      leases.set(context, left);
      if (left > 0 || !from.dawn || context.isLost) return;
      await gpujs.WebGPUContext.destroy();
      await from.dawn.ticks.during(context.device.lost);
    },
  };
}

/** GPU.js asks for arrays as large as the adapter has them; here it gets as many for a kernel, too. */
function withAllBuffers(adapter: WebGpuAdapter, { run }: Source): Pick<WebGpuAdapter, 'requestDevice'> {
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  return {
    requestDevice: ({ requiredLimits }) =>
      run(() => adapter.requestDevice({ requiredLimits: { ...requiredLimits, maxStorageBuffersPerShaderStage } })),
  };
}

/** Calls a function while `navigator.gpu` is another, and leaves everything as it was. */
function withNavigator<T>(gpu: object, f: () => T): T {
  const isMissing = typeof navigator === 'undefined';
  const [host, key, value] = isMissing ? [globalThis, 'navigator', { gpu }] : [navigator, 'gpu', gpu];
  const before = Object.getOwnPropertyDescriptor(host, key);
  Object.defineProperty(host, key, { value, configurable: true });
  try {
    return f();
  } finally {
    if (before) Object.defineProperty(host, key, before);
    else Reflect.deleteProperty(host, key);
  }
}
