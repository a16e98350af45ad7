// The layers of infinitely wide networks, as maps of kernels. Their names are those of neural-tangents' `stax`.

export { type AffineOptions, conv, type ConvOptions, dense } from './affine.ts';
export { fanInSum, identity, serial } from './compose.ts';
export { type Covariances, type PairVariances, type Variances } from './covariances.ts';
export type { KernelMap } from './kernelMap.ts';
export type { Signal, Spatial } from './signal.ts';
export { layerNorm, type LayerNormMapOptions } from './layerNorm.ts';
export { erf, leakyRelu, relu } from './nonlinearities.ts';
export { averagePool, type AveragePoolMapOptions, flatten, globalAveragePool } from './pooling.ts';
