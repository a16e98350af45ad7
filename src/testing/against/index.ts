export {
  explainKernel,
  type ExplainOptions,
  KernelExplainer,
  type KernelExplanation,
  type SentKernel,
} from './explainKernel.ts';
export type { Mistake } from './mistake.ts';
export type { ParameterDifference, RowDifferences, SentRows } from './rowDifferences.ts';
export type { Explanation } from './search.ts';
export { parseSentTensors, type SentTensors } from './sentKernel.ts';
export { type KernelSettings, parseSettings, type StatedSettings } from './settings.ts';
