// The kernels that exist for each precision: what the module for float64 is made of.
export { convolve, correlate } from './convolution';
export { channelAffine, channelSums, standardize, standardizeGradient } from './normalization';
export { averagePool, averagePoolGradient, boxSum, maxPoolIndex } from './pooling';
export { matmul } from './product';
export { gather, scatter } from './indexing';
export { maximum } from './reduction';
export { convolveStrided } from './strided';
export { winogradConvolve } from './winogradConvolve';
export { winogradCorrelate } from './winogradCorrelate';
// Tiles are exported to remain functions: a loop that is written into others leaves fewer registers to its sums.
export * from './generated/tiles';
