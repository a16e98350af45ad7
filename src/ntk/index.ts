/**
 * The empirical neural tangent kernel: Jacobian rows, kernel matrices of any outputs and parameters, eigenvalues, and a
 * condition number with a verdict on its numerical reliability; and the linear regions of ReLU networks.
 *
 * @module
 */
export { type CertificateOptions, certifiedNtk, type CertifiedNtk, certify } from './certificate/certifiedNtk.ts';
export {
  type ConditionNumber,
  conditionNumber,
  conditionNumberOf,
  type KernelOrigin,
  teNasKappa,
  type SpectrumOrigin,
  type SpectrumSource,
  type Verdict,
  verdictOf,
} from './conditionNumber.ts';
export { contributions, type Contribution, groupOf, type Grouping } from './contributions.ts';
export {
  crossEntropyDynamics,
  type CrossEntropyDynamics,
  type CrossEntropyOptions,
  type IntegrationOptions,
  type Trajectory,
} from './dynamics/crossEntropyDynamics.ts';
export {
  type Descent,
  gradientDescent,
  type GradientDescentOptions,
  gradientFlow,
  momentumFlow,
  type MomentumFlowOptions,
} from './dynamics/descent.ts';
export { type AlignmentOptions, effectiveRank, kernelAlignment, kernelDistance } from './dynamics/kernelMeasures.ts';
export { type DynamicsOptions, type EigenMode, mseDynamics, type MseDynamics } from './dynamics/mseDynamics.ts';
export { optimalDescents, type OptimalDescent, type OptimalDescents } from './dynamics/optimalDescents.ts';
export type { TestPoints } from './dynamics/outputs.ts';
export { linearize, taylorExpand, type TaylorExpansion } from './dynamics/taylorExpansion.ts';
export { eigenvaluesOn } from './eigen/onBackend.ts';
export { type EigenMethod, type EigenOptions, symmetricEigen, type SymmetricEigen } from './eigen/index.ts';
export { type QROptions, symmetricEigenQR } from './eigen/mlMatrix.ts';
export { type GramOptions, GramProgram } from './gramProgram.ts';
export { getNtkN, type GetNtkNOptions } from './getNtkN.ts';
export * as infinite from './infinite/index.ts';
export {
  infiniteKernel,
  type InfiniteKernel,
  type InfiniteKernelOptions,
  wideNetwork,
} from './infinite/infiniteKernel.ts';
export {
  type Estimate,
  type KernelEstimates,
  monteCarloKernel,
  type MonteCarloOptions,
} from './infinite/monteCarlo.ts';
export {
  gaussianProcess,
  type GaussianProcess,
  type InferenceOptions,
  kernelRegression,
  type Posterior,
} from './inference/gaussianProcess.ts';
export {
  type EnsembleOptions,
  type EnsemblePoints,
  networkEnsemble,
  type NetworkEnsemble,
} from './inference/networkEnsemble.ts';
export { JacobianProgram, type JacobianRows, type ParameterRows, type RowsOptions } from './jacobianRows.ts';
export type { Abortable, Progress, RunOptions, Stage } from '../progress.ts';
export { kernelByParameter, kernelMatrix, type KernelOptions, stackRows } from './kernelMatrix.ts';
export { countLinearRegions, LinearRegionProgram, type LinearRegions, type RegionOptions } from './linearRegions.ts';
export { computeNtk, type Ntk, ntkOf, NtkProgram, TE_NAS_KERNEL, withConditionNumber } from './ntk.ts';
export type { Gain } from './numericalRange.ts';
export type { KernelOutputs } from './outputs.ts';
export { preciseNtk, PreciseProgram } from './precise.ts';
export { singularValues } from './singularValues.ts';
export { packPositive, PatternSet } from './patternSet.ts';
export { describeChoice, type ParameterChoice } from './selection.ts';
export {
  KernelProgram,
  kernelOf,
  tangentKernel,
  type TangentKernel,
  type TangentKernelOptions,
} from './tangentKernel.ts';
