/**
 * Training: optimisers as expressions, a trainer whose parameters stay with the backend from step to step, and what
 * becomes of the tangent kernel on the way.
 *
 * @module
 */
export { adam, adamW, type AdamOptions } from './adam.ts';
export { type KernelCheckpoint, KernelTrace, type KernelTraceOptions } from './kernelTrace.ts';
export { oneHot } from './oneHot.ts';
export type { Optimizer, Scalars, StepOf, Updated } from './optimizer.ts';
export { sgd, type SgdOptions } from './sgd.ts';
export type { Loss, TrainerOptions, TrainerSettings } from './settings.ts';
export { type Step, type StepOptions, Trainer, type TrainerState } from './trainer.ts';
