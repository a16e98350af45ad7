/**
 * ONNX files as networks: parse a model, and ask for its tangent kernel as for any other module.
 *
 * @module
 */
export {
  type Attributes,
  type ExternalData,
  type Kind,
  type OnnxArray,
  type OnnxGraph,
  type OnnxInput,
  type OnnxNode,
  OPSETS,
} from './model.ts';
export { type Leaves, OnnxNetwork, type OnnxNetworkOptions } from './network.ts';
export { parseOnnx, type ParseOptions } from './parse.ts';
export { runOnnx, type RunOnnxOptions } from './run.ts';
