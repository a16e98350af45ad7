import type { Module } from 'ntkit/nn';
import {
  type CertifiedNtk,
  certify,
  type Contribution,
  contributions,
  type Grouping,
  JacobianProgram,
  type Ntk,
  ntkOf,
  type Progress,
  type RowsOptions,
} from 'ntkit/ntk';
import type { Backend, NDArray } from 'ntkit/tensor';

/** Time between two reports of progress, in ms. */
const PAUSE = 100;

/** What is reported on the way, in this order. */
export interface StageListeners {
  /** The share of the kernel's rows that is computed, from 0 to 1. */
  readonly onProgress: (share: number) => unknown;
  readonly onNtk: (ntk: Ntk) => unknown;
  readonly onContributions: (groups: Contribution[]) => unknown;
}

/** How a kernel is computed. */
export interface StageOptions extends RowsOptions {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  /** The groups of parameters whose contributions are told. */
  readonly by?: Grouping;
  /** The time from which the first pause between reports counts; without it the first report comes at once. */
  readonly since?: number;
}

/** Computes a network's kernel and κ, then what its parameters give to it, then its certificate. */
export async function kernelInStages(
  network: Module,
  x: NDArray,
  { by, since = -Infinity, ...settings }: StageOptions,
  { onProgress, onNtk, onContributions }: StageListeners,
): Promise<CertifiedNtk> {
  const { backend, signal } = settings;
  const program = await JacobianProgram.compile(network, x.shape, settings);
  let last = since;
  const report = ({ done, of, stage }: Progress) => {
    if (stage !== 'rows' || performance.now() - last < PAUSE) return;
    last = performance.now();
    onProgress(done / of);
  };
  try {
    const rows = await program.run(x, { signal, onProgress: report });
    const ntk = await ntkOf(rows, { backend, signal });
    onNtk(ntk);
    onContributions(await contributions(rows, ntk.kernel, { ...(by && { by }), signal }));
    return await certify(network, x, ntk, settings);
  } finally {
    program.dispose();
  }
}
