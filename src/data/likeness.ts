import { fileKind } from '../fileKind.ts';

/**
 * The end of a message about a file that is not what it should be: what it looks like, and what to do about that; empty
 * where nothing is recognised.
 */
export function likeness(bytes: Uint8Array): string {
  const kind = fileKind(bytes);
  if (kind === undefined || bytes.length === 0) return '';
  const hint = kind === 'a Python pickle' ? '; write it as NPZ with the line of Python in docs/data.md' : '';
  return `, it looks like ${kind}${hint}`;
}
