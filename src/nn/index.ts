/**
 * Networks: layers with parameters by PyTorch name, initialisation, checkpoints, and the networks of NAS-Bench-201 and
 * DARTS.
 *
 * @module
 */
export { type BatchesCase, checkImages, type NetworkCase, parseBatchesCase, parseCase } from './case.ts';
export { checkBatch, checkBatchInTurns } from './checkBatch.ts';
export { buildNetwork, registerNetwork } from './config.ts';
export type { NetworkFamily } from './family.ts';
export { DartsNetwork, type DartsSize } from './darts.ts';
export { formatGenotype, type Genotype, parseGenotype, WELL_KNOWN_CELLS } from './genotype.ts';
export type { Fields } from './fields.ts';
export * from './initialize.ts';
export * from './initializers.ts';
export * from './layers/index.ts';
export { PRUNED_ALPHA, sortedEdges } from './mixture.ts';
export { checkModule, type Children, Functional, Module, Sequential } from './module.ts';
export { Buffer, Parameter, type Start } from './parameter.ts';
export { cellNetwork, NasBench201Network, type NasBench201Size, superNetwork } from './nasBench201.ts';
export { operation, OPERATIONS } from './operations.ts';
export { DARTS_SPACE, NAS_BENCH_201_SPACE } from './spaces.ts';
export {
  BATCH_NORM_MOMENTUM,
  type ImageBatch,
  recalibrateBatchNorm,
  type StatisticsOptions,
  updateRunningStatistics,
} from './runningStatistics.ts';
export { encodeSafetensors, parseSafetensors, type Safetensors } from './safetensors.ts';
export { crossEntropy, type LossOptions, mseLoss } from './losses.ts';
export { loadStateDict, stateDict } from './stateDict.ts';
export { type Call, type Mode, type Observation, Trace, type TraceOptions } from './trace.ts';
export { forward, type ForwardOptions } from './forward.ts';
