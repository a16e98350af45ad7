import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../src/', import.meta.url));

/** Resolves imports of the package by its name to its sources, for Vite and Vitest. */
export const sourceAliases = [
  { find: /^ntkit$/, replacement: `${sources}index.ts` },
  { find: /^ntkit\/(\w+)$/, replacement: `${sources}$1/index.ts` },
];
