import { formatValue } from '../../../check.ts';
import { BackendError, InputError } from '../../../errors.ts';
import type { GpuJsModule } from './gpujs.ts';

/** The modes of GPU.js, in the order in which `auto` looks for one that computes on a graphics stack. */
export const GPU_MODES = ['headlessgl', 'webgl2', 'webgpu', 'webasm', 'cpu'] as const;

/** What GPU.js runs kernels on. */
export type GpuMode = (typeof GPU_MODES)[number];

/** A mode, or `auto`: the first of OpenGL in Node, WebGL 2 and WebGPU in a page that is there. */
export type GpuModeChoice = GpuMode | 'auto';

const HOW: Readonly<Record<GpuMode, string>> = {
  headlessgl:
    'expected the package gl, built (npm install gl, with build-essential, python3, pkg-config, libxi-dev) and an X ' +
    'display (xvfb-run -a -s "-screen 0 640x480x24" COMMAND) with OpenGL (libgl1-mesa-dri)',
  webgl2: 'expected a browser with WebGL 2',
  webgpu: 'expected a browser with WebGPU and an adapter',
  webasm: 'expected WebAssembly',
  cpu: '',
};

/** Whether a mode can run here. */
export async function modeIsThere(mode: GpuMode, { GPU }: GpuJsModule): Promise<boolean> {
  switch (mode) {
    case 'headlessgl':
      // The same class answers in a page, where GPU.js has no such mode.
      return typeof process !== 'undefined' && 'versions' in process && quietly(() => GPU.isHeadlessGLSupported);
    case 'webgl2':
      return quietly(() => GPU.isWebGL2Supported);
    case 'webgpu':
      return GPU.isWebGPUAvailable();
    case 'webasm':
      return GPU.isWebAssemblySupported;
    case 'cpu':
      return true;
  }
}

/** @throws InputError when there is no such mode. */
export function checkMode(choice: GpuModeChoice): void {
  if (choice === 'auto' || GPU_MODES.includes(choice)) return;
  throw new InputError(
    `backend gpu: mode: expected auto or one of ${GPU_MODES.join(', ')}, got ${formatValue(choice)}`,
  );
}

/**
 * The mode to run.
 *
 * @throws BackendError when it is not there.
 */
export async function chooseMode(choice: GpuModeChoice, gpujs: GpuJsModule): Promise<GpuMode> {
  if (choice === 'auto') {
    const graphics = ['headlessgl', 'webgl2', 'webgpu'] as const;
    for (const mode of graphics) if (await modeIsThere(mode, gpujs)) return mode;
    throw new BackendError(
      `backend gpu: no graphics here: ${graphics.map((mode) => `${mode}: ${HOW[mode]}`).join('; ')}`,
    );
  }
  if (!(await modeIsThere(choice, gpujs)))
    throw new BackendError(`backend gpu: mode ${choice} is not available: ${HOW[choice]}`);
  return choice;
}

/** GPU.js tells on the console, and in many lines, why OpenGL does not start. */
function quietly<T>(ask: () => T): T {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return ask();
  } finally {
    console.warn = warn;
  }
}
