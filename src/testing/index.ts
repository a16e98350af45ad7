/**
 * Verification of others' tensor backends and NTK code: laws that any right implementation satisfies, random cases that
 * shrink to the smallest that fails, and programs that reproduce what was found; and kernels that others computed, which
 * are compared and explained. The arbitraries are fast-check's, an optional peer dependency which only this entry needs.
 *
 * @module
 */
export {
  absoluteDot,
  anywhere,
  apart,
  awayFromZero,
  dot,
  type Draw,
  draw,
  largest,
  largestDifference,
  positive,
  relativeError,
} from './arrays.ts';
export { type PrimitiveCase, primitiveCase, primitiveCases } from './arbitraries/primitives.ts';
export {
  cellNetworks,
  cells,
  imageNetworks,
  type NetworkCase,
  networks,
  sequenceNetworks,
  vectorNetworks,
} from './arbitraries/networks.ts';
export { extent, leadingShape, seeds, shapes } from './arbitraries/shapes.ts';
export { convolutions, pools } from './arbitraries/windows.ts';
export {
  explainKernel,
  type ExplainOptions,
  type Explanation,
  KernelExplainer,
  type KernelExplanation,
  type KernelSettings,
  type Mistake,
  type ParameterDifference,
  parseSentTensors,
  parseSettings,
  type RowDifferences,
  type SentKernel,
  type SentRows,
  type SentTensors,
  type StatedSettings,
} from './against/index.ts';
export { backendLaws, ruleLaws } from './backend/index.ts';
export {
  assertLaw,
  excess,
  type Law,
  type LawDefinition,
  law,
  LawError,
  type LawOptions,
  type LawRecord,
  type Measured,
  runLaws,
} from './law.ts';
export {
  type JacobianByDefinition,
  kernelByDefinition,
  type WholeJacobian,
  wholeJacobian,
} from './kernel/definition.ts';
export { ntkitLaws } from './itself/index.ts';
export type { KernelImplementation, KernelSubject } from './kernel/implementation.ts';
export { kernelLaws } from './kernel/index.ts';
export { type NetworkLawOptions, verifyNetwork } from './kernel/networkLaws.ts';
export { checkLaw, verificationLaws } from './laws.ts';
export { type Argument, descriptionOf, type NetworkDescription, networkFrom } from './networks/description.ts';
export { CLEARANCE, type ClearBatch, clearBatch, kinkDistance } from './networks/kinks.ts';
export { randomize } from './networks/randomize.ts';
export type { Imports, Snippet } from './source.ts';
