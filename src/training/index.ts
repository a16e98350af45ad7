/**
 * Training: optimisers as expressions, and a trainer whose parameters stay with the backend from step to step.
 *
 * @module
 */
export { adam, adamW, type AdamOptions } from './adam.ts';
export { oneHot } from './oneHot.ts';
export type { Optimizer, Scalars, StepOf, Updated } from './optimizer.ts';
export { sgd, type SgdOptions } from './sgd.ts';
export { type Loss, type Step, type StepOptions, Trainer, type TrainerOptions, type TrainerState } from './trainer.ts';
