import * as Comlink from 'comlink';
import { type KernelOutputs, tangentKernel } from 'ntkit/ntk';
import { type NDArray, wasmBackend } from 'ntkit/tensor';
import { clearBatch, kinkDistance, type LawRecord, runLaws, verificationLaws, verifyNetwork } from 'ntkit/testing';
import { told } from '../../lineOf.ts';
import { firstOf } from './batch.ts';
import { choiceOf, readNetwork } from './network.ts';
import type { LawView, NetworkFiles } from './request.ts';

// Laws run in a worker of their own: they take long, and ending the worker ends them. Only this worker loads the code
// that draws their cases.

/** What laws are checked on. */
export interface LawRequest {
  readonly files: NetworkFiles;
  readonly batch: NDArray;
  readonly mode: 'train' | 'eval';
  /** There are no laws for all pairs of outputs. */
  readonly outputs: Exclude<KernelOutputs, 'full'>;
  readonly parameters: string;
  readonly seed: number;
}

/** More samples find no more and cost much. */
const SAMPLES = 3;

/**
 * A distance from a kink, relative to the largest value of a layer, beyond what rounding in float64 and small
 * differences reach.
 */
const CLEARANCE = 1e-6;

/** What the laws were checked on, in words. */
function laws(request: LawRequest, onRecord: (record: LawView) => unknown): Promise<string> {
  return told(async () => {
    const { mode, outputs, seed } = request;
    const { network } = readNetwork(request.files);
    const parameters = choiceOf(request.parameters);
    const backend = wasmBackend({ dtype: 'float64' });
    const given = firstOf(request.batch, SAMPLES);
    const clear = (await kinkDistance(network, given, mode)) >= CLEARANCE;
    const x = clear ? given : (await clearBatch(network, given.shape, seed, mode)).x;
    const kernel = { dtype: 'float64', outputs, parameters } as const;
    await verifyNetwork(
      network,
      x,
      {
        ...kernel,
        kernel: async (other, batch, inMode) =>
          (await tangentKernel(other, batch, { ...kernel, mode: inMode, backend })).kernel,
      },
      { mode, seed, definition: backend },
      (record) => void onRecord(viewOf(record)),
    );
    const on = clear
      ? `the first ${x.shape[0]} samples of the batch`
      : `${x.shape[0]} standard normal samples away from kinks`;
    return `on ${on}, in float64`;
  });
}

/** The laws of ntkit itself, on the backend of this browser: what `ntkit verify` checks. */
function everyLaw(runs: number, seed: number, onRecord: (record: LawView) => unknown): Promise<string> {
  return told(async () => {
    const backend = wasmBackend();
    await runLaws(verificationLaws, backend, { runs, seed }, (record) => void onRecord(viewOf(record)));
    return `on random cases, ${backend.device}, in float32`;
  });
}

function viewOf({ law, statement, cases, worst, seconds, broken }: LawRecord): LawView {
  const { what, error, bound } = worst;
  return {
    ...{ law, statement, cases, what, error, bound, seconds, holds: broken === undefined },
    ...(broken && { message: broken.message }),
  };
}

const api = { laws, everyLaw, count: () => verificationLaws.length };

/** The worker, as the page sees it. */
export type LawsWorker = typeof api;
Comlink.expose(api);
