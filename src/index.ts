/**
 * ntkit: the neural tangent kernel and its condition number, from tensors up. Here is what a program commonly needs; all
 * there is has a place in `ntkit/tensor`, `ntkit/autodiff`, `ntkit/nn`, `ntkit/ntk`, `ntkit/data`, `ntkit/search`,
 * `ntkit/onnx`, `ntkit/report` and, for files, `ntkit/node`.
 *
 * @module
 */

// Kernels and their condition numbers
export {
  computeNtk,
  type ConditionNumber,
  conditionNumber,
  getNtkN,
  type Ntk,
  NtkProgram,
  symmetricEigen,
  symmetricEigenQR,
  TE_NAS_KERNEL,
  type TangentKernel,
  tangentKernel,
  type TangentKernelOptions,
  type Verdict,
} from './ntk/index.ts';

// Networks
export {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  Flatten,
  forward,
  Functional,
  GELU,
  Identity,
  initialize,
  LayerNorm,
  Linear,
  loadStateDict,
  MaxPool2d,
  type Mode,
  Module,
  Parameter,
  parseSafetensors,
  pytorchDefault,
  ReLU,
  Sequential,
  stateDict,
  Tanh,
  type Trace,
} from './nn/index.ts';

// Derivatives
export { checkGradients, grad, jacobian, vjp } from './autodiff/index.ts';

// Tensors and what computes them
export {
  add,
  type Backend,
  BackendError,
  constant,
  defaultBackend,
  type DType,
  evaluate,
  Generator,
  gpuBackend,
  GradientError,
  input,
  InputError,
  matmul,
  mean,
  multiply,
  type NDArray,
  ndarray,
  NtkitError,
  NumericalError,
  Program,
  referenceBackend,
  relu,
  reshape,
  setDefaultBackend,
  type Shape,
  ShapeError,
  softmax,
  subtract,
  sum,
  Tensor,
  vmap,
  wasmBackend,
  wasmIsSupported,
} from './tensor/index.ts';
