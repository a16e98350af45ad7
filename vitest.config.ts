import { defineConfig } from 'vitest/config';
import { sourceAliases } from './scripts/sourceAliases.ts';

export default defineConfig({
  // Examples and the laboratory import the package by its name, as an application does.
  resolve: { alias: sourceAliases },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['./test/support/seed.ts'],
    // By default one processor is left to the person who waits. Most files compute on one thread.
    maxWorkers: '100%',
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ['default', './test/support/tally-reporter.ts'],
    coverage: { include: ['src/**'] },
  },
});
