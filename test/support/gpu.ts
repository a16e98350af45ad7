import { gpuBackend, type GpuBackend, type GpuMode } from '../../src/tensor/index.ts';

/** Whether a machine without graphics or without a browser fails, rather than skips, the tests that need it. */
export const gpuRequired = process.env.NTKIT_REQUIRE_GPU === '1';

/** Why a mode cannot run here, if it cannot. */
export async function whyNot(mode: GpuMode): Promise<string | undefined> {
  try {
    const backend: GpuBackend = await gpuBackend({ mode });
    await backend.close();
    return undefined;
  } catch (error) {
    if (gpuRequired) throw error;
    return (error as Error).message;
  }
}
