import { formatValue } from '../../../check.ts';
import { BackendError, InputError } from '../../../errors.ts';
import type { FloatArray } from '../../array.ts';
import type { WebGpuContext } from './webgpuTypes.ts';

// The part of GPU.js that is used, as types: its own declarations would make it a dependency of every reader of ours.

/** An array on the device, as GPU.js hands it out. */
export interface GpuJsTexture {
  /** All numbers, where the array is a texture of OpenGL. */
  renderValues?(): Float32Array;
  toArray?(): unknown;
  delete?(): void;
}

/** A compiled kernel. */
export interface GpuJsKernel {
  (...operands: unknown[]): unknown;
  /** What runs it: GPU.js puts another one here when it cannot run a kernel as configured. */
  readonly kernel?: { readonly context?: unknown; readonly constructor: { readonly mode?: string } };
  readonly fallbackReason?: string | null;
  destroy(removeCanvasReferences?: boolean): void;
}

/** Settings of a kernel. */
export interface GpuJsSettings {
  readonly output: readonly number[];
  readonly precision: 'single';
  readonly tactic: 'precision';
  readonly pipeline: boolean;
  readonly immutable: boolean;
  readonly loopMaxIterations: number;
  readonly nativeFunctions?: readonly { readonly name: string; readonly source: string }[];
}

/** An instance of GPU.js: one context of the device. */
export interface GpuJs {
  createKernel(source: string, settings: GpuJsSettings): GpuJsKernel;
  createKernelMap(further: Record<string, string>, source: string, settings: GpuJsSettings): GpuJsKernel;
  destroy(): Promise<void>;
}

/** What `gpu.js` exports. */
export interface GpuJsModule {
  readonly GPU: {
    new (settings: { readonly mode: string }): GpuJs;
    readonly isHeadlessGLSupported: boolean;
    readonly isWebGL2Supported: boolean;
    readonly isWebAssemblySupported: boolean;
  };
  /** The one device of WebGPU. */
  readonly WebGPUContext: {
    acquire(): Promise<WebGpuContext>;
    destroy(): Promise<void>;
  };
  readonly input: (data: FloatArray, size: readonly number[]) => unknown;
}

/**
 * Loads GPU.js.
 *
 * @throws BackendError when it is not installed.
 */
export async function loadGpuJs(): Promise<GpuJsModule> {
  const library = 'gpu.js'; // not a literal: bundlers leave it alone where it is not installed
  try {
    return unwrapped(await import(/* @vite-ignore */ /* webpackIgnore: true */ library));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new BackendError(
      `backend gpu: expected GPU.js, which is not installed; npm install gpu.js, or pass it as gpujs (${reason})`,
    );
  }
}

/**
 * The module itself, where it came as one of CommonJS does.
 *
 * @throws InputError when it is another.
 */
export function unwrapped(given: unknown): GpuJsModule {
  const outer = Object(given) as { readonly GPU?: unknown; readonly default?: unknown };
  const module = outer.GPU === undefined ? outer.default : outer;
  if (typeof (Object(module) as Partial<GpuJsModule>).GPU === 'function') return module as GpuJsModule;
  throw new InputError(`backend gpu: gpujs: expected what import('gpu.js') gives, got ${formatValue(given)}`);
}
