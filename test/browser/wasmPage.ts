import { measureBlocks } from '../../bench/blocksJob.ts';
import { computeNtk } from '../../src/ntk/index.ts';
import { wasmBackend } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { smallNetwork } from '../support/networks.ts';

// What the page of wasm.test.ts does when the test calls it.

declare const window: { kappa: typeof kappa; measureBlocks: typeof measureBlocks };
declare const crossOriginIsolated: boolean;

export interface PageResult {
  readonly kappa: number;
  readonly device: string;
  readonly isolated: boolean;
  /** How often the page's event loop turned during the computation. */
  readonly turns: number;
}

async function kappa(name: string, mode: 'train' | 'eval', batch: number): Promise<PageResult> {
  const backend = wasmBackend({ threads: 2 });
  const images = draw(7, [batch, 3, 16, 16], undefined, 'float32');
  const network = smallNetwork(name, 3);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  try {
    const { kappa: value } = await computeNtk(network, images, { mode, backend, dtype: 'float32' });
    return { kappa: value, device: backend.device, isolated: crossOriginIsolated, turns };
  } finally {
    clearInterval(timer);
    await backend.close();
  }
}

window.kappa = kappa;
window.measureBlocks = measureBlocks;
