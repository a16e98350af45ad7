import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../src/', import.meta.url));

/** The package by its name, as an application imports it, from its sources: for Vite and Vitest. */
export const sourceAliases = [
  { find: /^ntkit$/, replacement: `${sources}index.ts` },
  { find: /^ntkit\/(\w+)$/, replacement: `${sources}$1/index.ts` },
];
