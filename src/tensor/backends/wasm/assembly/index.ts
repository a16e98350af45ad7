// The kernels that the backend calls by name: those for float32, and those that exist once.
export * from './kernels';
export { eigenvalues, eigenvectors } from './eigen';
export { gram } from './gram';
export { clear, copy, point, walk } from './walk';

/** The first byte after the module's own data. */
export function heapBase(): usize {
  return __heap_base;
}
