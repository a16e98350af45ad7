/** By how many bytes a memory grows. */
export const PAGE = 65536;

/** The most pages of a memory: 4 GiB, all that WebAssembly can address. What imports a memory names them, shared or not. */
export const MOST_PAGES = 65536;

/**
 * A memory of one page, which kernels can be given.
 *
 * @throws RangeError when there is no address space for a shared one.
 */
export function createMemory(shared: boolean): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared });
}
