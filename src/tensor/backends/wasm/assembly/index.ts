// The kernels that the backend calls by name.
export { convolve, correlate } from './convolution';
export { eigenvalues, eigenvectors } from './eigen';
export { channelAffine, channelSums, standardize, standardizeGradient } from './normalization';
export { averagePool, averagePoolGradient, boxSum, maxPoolIndex } from './pooling';
export { gram } from './gram';
export { matmul } from './product';
export { gather, scatter } from './indexing';
export { maximum } from './reduction';
export { convolveStrided } from './strided';
export { clear, walk } from './walk';
export { winogradConvolve } from './winogradConvolve';
export { winogradCorrelate } from './winogradCorrelate';

/** The first byte after the module's own data. */
export function heapBase(): usize {
  return __heap_base;
}
