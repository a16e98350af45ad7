import { existsSync } from 'node:fs';
import { gpuBackend, type GpuBackend, type GpuMode } from '../../src/tensor/index.ts';
import { devicesRequired } from './required.ts';

/** The driver of Vulkan that Debian's Chromium brings: a processor, the same on every machine. */
const SOFTWARE_DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(SOFTWARE_DRIVER)) process.env.VK_ICD_FILENAMES ??= SOFTWARE_DRIVER;

/** Why a mode cannot run here, if it cannot. */
export async function whyNot(mode: GpuMode): Promise<string | undefined> {
  try {
    const backend: GpuBackend = await gpuBackend({ mode });
    await backend.close();
    return undefined;
  } catch (error) {
    if (devicesRequired) throw error;
    return (error as Error).message;
  }
}
