import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const sources = fileURLToPath(new URL('./src/', import.meta.url));

export default defineConfig({
  resolve: {
    // Examples import the package by its name, as an application does.
    alias: [
      { find: /^ntkit$/, replacement: `${sources}index.ts` },
      { find: /^ntkit\/(\w+)$/, replacement: `${sources}$1/index.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['./test/support/seed.ts'],
    // By default one processor is left to the person who waits. Most files compute on one thread.
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/support/tally-reporter.ts'],
    coverage: { include: ['src/**'] },
  },
});
