/**
 * The empirical neural tangent kernel: Jacobian rows, kernel matrix, eigenvalues, and a condition number that says how
 * far it can be trusted; and the linear regions of ReLU networks.
 *
 * @module
 */
export {
  type ConditionNumber,
  conditionNumber,
  conditionNumberOf,
  type KernelOrigin,
  seedKappa,
  type SpectrumOrigin,
  type Verdict,
} from './conditionNumber.ts';
export { eigenvaluesOn } from './eigen/onBackend.ts';
export { type EigenMethod, type EigenOptions, symmetricEigen, type SymmetricEigen } from './eigen/index.ts';
export { type GramOptions, GramProgram } from './gramProgram.ts';
export { getNtkN, type GetNtkNOptions } from './getNtkN.ts';
export { JacobianProgram, type JacobianRows, type ParameterRows, type RowsOptions } from './jacobianRows.ts';
export { kernelByParameter, kernelMatrix, stackRows } from './kernelMatrix.ts';
export { countLinearRegions, LinearRegionProgram, type LinearRegions, type RegionOptions } from './linearRegions.ts';
export { computeNtk, type Ntk, ntkOf, NtkProgram } from './ntk.ts';
export { packPositive, PatternSet } from './patternSet.ts';
