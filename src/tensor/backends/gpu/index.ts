import { checkOptions } from '../../../check.ts';
import type { GpuAdapter } from './webgpu.ts';
import type { GpuBackend, GpuBackendOptions } from './gpuBackend.ts';
import { GPU_MODES, type GpuMode, type GpuModeChoice } from './modes.ts';

export { type GpuAdapter, type GpuBackend, type GpuBackendOptions, GPU_MODES, type GpuMode, type GpuModeChoice };

/**
 * The primitives as GPU.js kernels, in float32: on WebGPU, on OpenGL without a screen in Node, on WebGL 2 in a page, and
 * in GPU.js's modes `webasm` and `cpu`, to compare.
 *
 * Arrays stay on the device from the first upload until results are read back. Kernel matrices are summed in float64,
 * which no such device has, from the rows that were read back, on the host.
 *
 * @throws BackendError when GPU.js is not installed or the mode is not available: no other takes its place; InputError when
 * an option makes no sense.
 *
 * @example
 * const gpu = await gpuBackend({ mode: 'cpu' }); // in a page 'webgpu' or 'webgl2'; 'auto' by default
 * const x = constant(ndarray([-1, 2], [2], 'float32'));
 * const [y] = await evaluate([relu(x)], new Map(), gpu);
 * console.log(gpu.name, [...y.data]); // gpu [ 0, 2 ]
 * await gpu.close();
 */
export async function gpuBackend(options: GpuBackendOptions = {}): Promise<GpuBackend> {
  checkOptions('backend gpu', options, ['mode', 'gpujs']);
  const { openGpu } = await import('./open.ts');
  return openGpu(options);
}

/**
 * The adapters of WebGPU that answer here, the one that is computed on first.
 *
 * @throws BackendError when there is none, or, in Node, the package `webgpu` is not installed.
 *
 * @example
 * ```ts no-run
 * for (const { name } of await gpuAdapters()) console.log(name);
 * ```
 */
export async function gpuAdapters(): Promise<GpuAdapter[]> {
  const { webGpuAdapters } = await import('./webgpu.ts');
  return webGpuAdapters();
}
