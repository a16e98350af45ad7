import { BackendError } from '../../../errors.ts';
import { isNode } from './dawn.ts';
import { Device } from './device.ts';
import type { GpuJsModule } from './gpujs.ts';
import type { GpuMode, GpuModeChoice } from './modes.ts';

const HOW: Readonly<Record<Exclude<GpuMode, 'webgpu' | 'cpu'>, string>> = {
  headlessgl:
    'expected the package gl, built (npm install gl, with build-essential, python3, pkg-config, libxi-dev) and an X ' +
    'display (xvfb-run -a -s "-screen 0 640x480x24" COMMAND) with OpenGL (libgl1-mesa-dri)',
  webgl2: 'expected a browser with WebGL 2',
  webasm: 'expected WebAssembly',
};

/**
 * Opens the device of a mode.
 *
 * @throws BackendError when it is not there.
 */
export async function openDevice(choice: GpuModeChoice, gpujs: GpuJsModule): Promise<Device> {
  if (choice === 'auto') return openBest(gpujs);
  if (choice !== 'webgpu' && choice !== 'cpu' && !isThere(choice, gpujs)) {
    throw new BackendError(`backend gpu: mode ${choice} is not available: ${HOW[choice]}`);
  }
  return Device.open(choice, gpujs);
}

/** The modes that may run on a graphics device, in the order of preference. */
const GRAPHICS = ['webgpu', 'headlessgl', 'webgl2'] as const;

/** The first device that is none of a processor, or else the first. */
async function openBest(gpujs: GpuJsModule): Promise<Device> {
  let first: Device | undefined;
  const reasons: string[] = [];
  for (const mode of GRAPHICS) {
    try {
      const device = await openDevice(mode, gpujs);
      if (!device.software) {
        await first?.close();
        return device;
      }
      if (first) await device.close();
      first ??= device;
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      reasons.push(error.message.replace(/^backend gpu: (mode )?/, ''));
    }
  }
  if (first) return first;
  throw new BackendError(`backend gpu: no graphics here: ${reasons.join('; ')}`);
}

function isThere(mode: Exclude<GpuMode, 'webgpu' | 'cpu'>, { GPU }: GpuJsModule): boolean {
  switch (mode) {
    case 'headlessgl':
      // The same class answers in a page, where GPU.js has no such mode.
      return isNode() && quietly(() => GPU.isHeadlessGLSupported);
    case 'webgl2':
      return quietly(() => GPU.isWebGL2Supported);
    case 'webasm':
      return GPU.isWebAssemblySupported;
  }
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
