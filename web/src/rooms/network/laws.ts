import { signal } from '@preact/signals';
import * as Comlink from 'comlink';
import { Thread } from '../../thread.ts';
import { batchOf, files, result } from './computing.ts';
import type { LawsWorker } from './lawsWorker.ts';
import { state } from './link.ts';
import type { KernelResult, LawView } from './request.ts';

// The laws, run on demand. Their worker is made for a run and ended after it.

/** Which laws: those of the kernel that is shown, or all laws of ntkit, in this browser. */
export type Suite = 'network' | 'all';

/** How many random cases of each kind a law is checked on. */
export const RUNS = 3;

/** A run of laws. */
export interface LawRun {
  readonly suite: Suite;
  readonly records: readonly LawView[];
  /** How many there are. */
  readonly of: number;
  readonly running: boolean;
  /** What they were checked on, once that is known. */
  readonly told?: string;
  readonly failure?: string;
  /** The kernel that they are about. */
  readonly kernel: KernelResult | undefined;
}

export const run = signal<LawRun | undefined>(undefined);

let end = () => {};

/** Runs laws; a run in progress is ended. */
export async function runSuite(suite: Suite): Promise<void> {
  end();
  const kernel = result.value;
  const network = files.value;
  if (suite === 'network' && (!kernel || !network)) return;
  const thread = new Thread<LawsWorker>(
    () => new Worker(new URL('./lawsWorker.ts', import.meta.url), { type: 'module' }),
  );
  let ended = false;
  end = () => {
    ended = true;
    thread.end();
  };
  const set = (changes: Partial<LawRun>) => {
    if (!ended) run.value = { ...run.value!, ...changes };
  };
  run.value = { suite, records: [], of: 6, running: true, kernel };
  const onRecord = Comlink.proxy((record: LawView) => set({ records: [...run.value!.records, record] }));
  try {
    let told: string;
    if (suite === 'all') {
      set({ of: await thread.call((worker) => worker.count()) });
      told = await thread.call((worker) => worker.everyLaw(RUNS, state.value.seed, onRecord));
    } else {
      // Of the kernel that is shown, whatever the link says by now.
      const { mode, outputs: asked, parameters, batch: given } = kernel!.request;
      const batch = await batchOf(kernel!);
      const request = {
        ...{ files: network!, batch, mode, parameters, seed: given.seed },
        outputs: asked === 'full' ? ('trace' as const) : asked,
      };
      told = await thread.call((worker) => worker.laws(request, onRecord));
      if (asked === 'full') told += '; for the trace over outputs, because the laws need one row per sample';
    }
    set({ running: false, told });
  } catch (error) {
    set({ running: false, failure: (error as Error).message });
  }
  if (!ended) thread.end();
}

/** Ends the run. */
export function stopLaws(): void {
  end();
  if (run.value) run.value = { ...run.value, running: false, failure: 'stopped' };
}
