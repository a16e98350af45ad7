import { ntkPage } from '../../src/report/index.ts';
import { kernelWith, network } from '../report/networks.ts';

// What a page runs; see report.test.ts.

const LONG = '|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|';
const steps = (n: number, factor: number) => Array.from({ length: n }, (_, i) => factor ** i);

/** A page of a kernel with negative entries and of one without, with a name that is long. */
export const reportPage = (): Promise<string> =>
  ntkPage({
    title: 'Kernels',
    settings: [['backend', 'wasm (WebAssembly SIMD, 2 threads)']],
    networks: [
      network(LONG, kernelWith(steps(16, 1.3), { least: -0.2 }), kernelWith(steps(16, 1.4))),
      network('short', kernelWith([-1e-3, 0, 4, 5], { verdict: 'lower-bound' })),
    ],
  });

Object.assign(globalThis, { reportPage });
