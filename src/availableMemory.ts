/** The bytes that the system has left, where it tells: Node does from 20.13 on, pages do not. */
export function availableBytes(): number {
  const { process } = globalThis as { readonly process?: { readonly availableMemory?: () => number } };
  try {
    return process?.availableMemory?.() ?? Infinity;
  } catch {
    return Infinity; // Deno asks for a permission: what is not known is no limit
  }
}
