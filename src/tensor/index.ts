/**
 * Tensors as expressions: build a graph with the functions here, then ask a backend for its value.
 *
 * @module
 */
export {
  NtkitError,
  ShapeError,
  InputError,
  BackendError,
  ArraySizeError,
  GradientError,
  NumericalError,
} from '../errors.ts';
export type { Abortable, Progress, RunOptions, Stage } from '../progress.ts';
export { apply } from './apply.ts';
export {
  allocate,
  allocateShared,
  bytesOf,
  cast,
  checkArray,
  type DType,
  DTYPES,
  ELEMENT_BYTES,
  EPSILON,
  firstNonFinite,
  type FloatArray,
  ndarray,
  type NDArray,
} from './array.ts';
export type { ColumnRange, Joined } from './columns.ts';
export { JoinedColumns } from './joinedColumns.ts';
export { type Arguments, type Backend, type Executable, type Places, precisionOf } from './backend.ts';
export {
  type GpuAdapter,
  gpuAdapters,
  GPU_MODES,
  gpuBackend,
  type GpuBackend,
  type GpuBackendOptions,
  type GpuMode,
  type GpuModeChoice,
} from './backends/gpu/index.ts';
export { referenceBackend } from './backends/reference/index.ts';
export { type WasmBackend, wasmBackend, type WasmBackendOptions, wasmIsSupported } from './backends/wasm/index.ts';
export { defaultBackend, setDefaultBackend } from './defaultBackend.ts';
export { computeNow } from './computeNow.ts';
export { type CompileOptions, evaluate, type Feeds, Program } from './evaluate.ts';
export { type Carried, type Plan, type PlannedEvaluation, type PlanValue, planEvaluation, type Step } from './plan.ts';
export { type Attributes, type Definition, type PrimitiveName, primitives } from './primitives/index.ts';
export * from './functions/convolution.ts';
export * from './functions/eigen.ts';
export * from './functions/elementwise.ts';
export * from './functions/indexing.ts';
export * from './functions/movement.ts';
export * from './functions/normalization.ts';
export * from './functions/pooling.ts';
export * from './functions/product.ts';
export * from './functions/reduction.ts';
export * from './functions/softmax.ts';
export * from './functions/upsampling.ts';
export type * from './primitives/convolution.ts';
export type * from './primitives/eigen.ts';
export * from './primitives/elementwise/activations.ts';
export * from './primitives/elementwise/arithmetic.ts';
export {
  type ElementwiseApplication,
  type ElementwiseName,
  type ElementwisePrimitives,
  elementwiseRows,
  isElementwise,
  scalarExpression,
} from './primitives/elementwise/index.ts';
export type { AttributesOf, Domain, Row } from './primitives/elementwise/row.ts';
export * from './primitives/elementwise/transcendental.ts';
export type { MachineOp, Scalar, ScalarOp } from './scalar/index.ts';
export type * from './primitives/indexing.ts';
export type * from './primitives/movement.ts';
export type * from './primitives/normalization.ts';
export type * from './primitives/pooling.ts';
export type * from './primitives/product.ts';
export type * from './primitives/reduction.ts';
export { type Extents, type NoAttributes, type Signature } from './signature.ts';
export { formatGraph } from './print.ts';
export { type DrawOptions, Generator } from './random.ts';
export { broadcastShapes, checkShape, formatShape, sameShape, type Shape, sizeOf } from './shape.ts';
export { checkTensor, checkTensors } from './primitives/node.ts';
export {
  constant,
  type ConstantOp,
  dependents,
  input,
  type InputOp,
  type Op,
  type PrimitiveOp,
  scalar,
  Tensor,
  topologicalOrder,
} from './tensor.ts';
export { type BatchFunction, isMapOfSamples } from './sampleMap.ts';
export { type Replace, rewriteGraph } from './rewriteGraph.ts';
export { type Structure, structureOf } from './structure.ts';
export { mapOver, vmap } from './vmap.ts';
