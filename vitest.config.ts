import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const sources = fileURLToPath(new URL('./src/', import.meta.url));
const shared = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  resolve: {
    // Examples import the package by its name, as an application does.
    alias: [
      { find: /^ntkit$/, replacement: `${sources}index.ts` },
      { find: /^ntkit\/(\w+)$/, replacement: `${sources}$1/index.ts` },
    ],
  },
  test: {
    reporters: ['default', './test/support/tally-reporter.ts'],
    coverage: { include: ['src/**'] },
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: 'sources',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/hosts/**'],
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: 'hosts',
          include: ['test/hosts/*.test.ts'],
          // Builds and packs the project, where a test of the package is run.
          globalSetup: 'test/hosts/setup.ts',
        },
      },
    ],
  },
});
