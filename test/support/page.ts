import { JacobianProgram, kernelMatrix, conditionNumber, TE_NAS_KERNEL } from '../../src/ntk/index.ts';
import { parseCase } from '../../src/nn/index.ts';
import { gpuBackend, type GpuBackend, type GpuMode, type PrimitiveName } from '../../src/tensor/index.ts';
import { isDefined } from '../../src/testing/backend/definitions.ts';
import { primitiveNames as all, values } from '../../src/testing/backend/values.ts';
import { assertLaw } from '../../src/testing/law.ts';

// The script of the page of gpu/browser.test.ts, bundled as an application's code is.

let backend: GpuBackend;

/** The primitives that the law of values is checked on. */
export const primitiveNames = all.filter(isDefined);

const page = {
  /** Opens a mode: its device, or the reason why not. */
  async open(mode: GpuMode): Promise<{ device?: string; error?: string }> {
    try {
      backend = await gpuBackend({ mode, gpujs: await import('gpu.js') });
      return { device: backend.device };
    } catch (error) {
      return { error: String(error) };
    }
  },
  /** The failure, or an empty text. */
  async check(name: PrimitiveName, runs: number): Promise<string> {
    try {
      await assertLaw(values, backend, { kinds: [name], runs });
      return backend.arrays === 0 ? '' : `${backend.arrays} arrays left on the device`;
    } catch (error) {
      return `${String(error)} ${String((error as Error).cause)}`;
    }
  },
  /** κ of a reference network. */
  async kappa(path: string): Promise<number> {
    const bytes = new Uint8Array(await (await fetch(path)).arrayBuffer());
    const { network, input, mode } = parseCase(bytes, path);
    const program = await JacobianProgram.compile(network, input.shape, { ...TE_NAS_KERNEL, mode, backend });
    const rows = await program.run(input);
    program.dispose();
    return conditionNumber(await kernelMatrix(rows, { backend }), { dtype: 'float32' }).kappa;
  },
  close: () => backend.close(),
};

/** The page's functions, for the test. */
export type Page = typeof page;
Object.assign(globalThis, { page });
