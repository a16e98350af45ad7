import { formatValue } from '../../../check.ts';
import { InputError } from '../../../errors.ts';

/** The modes of GPU.js. */
export const GPU_MODES = ['headlessgl', 'webgl2', 'webgpu', 'webasm', 'cpu'] as const;

/** What GPU.js runs kernels on. */
export type GpuMode = (typeof GPU_MODES)[number];

/**
 * A mode, or `auto`: of WebGPU, OpenGL in Node and WebGL 2 in a page the first that runs on a graphics device; where there
 * is none, the first that a processor computes in its place.
 */
export type GpuModeChoice = GpuMode | 'auto';

/** @throws InputError when there is no such mode. */
export function checkMode(choice: GpuModeChoice): void {
  if (choice === 'auto' || GPU_MODES.includes(choice)) return;
  throw new InputError(
    `backend gpu: mode: expected auto or one of ${GPU_MODES.join(', ')}, got ${formatValue(choice)}`,
  );
}
