import { gpuBackend, type GpuBackend, type GpuMode } from '../../src/tensor/index.ts';
import { devicesRequired } from './required.ts';

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
