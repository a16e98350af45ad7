import type { Backend } from '../../backend.ts';
import type { GpuMode, GpuModeChoice } from './modes.ts';

/** Settings of `gpuBackend`. */
export interface GpuBackendOptions {
  /** What GPU.js runs on; `auto` by default. */
  readonly mode?: GpuModeChoice | undefined;
  /**
   * GPU.js, where a page has loaded it by other means than `import('gpu.js')`: through its bundler, or by a script of its
   * own.
   */
  readonly gpujs?: unknown;
}

/** A backend on GPU.js, and what it holds. */
export interface GpuBackend extends Backend {
  readonly mode: GpuMode;
  /** The graphics stack as it names itself. */
  readonly renderer: string;
  /** How many arrays are on the device. */
  readonly arrays: number;
  /** How many kernels are compiled. */
  readonly kernels: number;
  /** How many kernels have run. */
  readonly launches: number;
}
