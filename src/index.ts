/**
 * ntkit: the neural tangent kernel and its condition number, from tensors up.
 *
 * @module
 */
export * from './tensor/index.ts';
export * from './autodiff/index.ts';
export * from './nn/index.ts';
export * from './ntk/index.ts';
