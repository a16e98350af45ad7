import type { Reporter, TestModule } from 'vitest/node';

/** Closes a run with one plain line, `N passed, N failed`, that a script can read without knowing the runner. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      // A file that fails to load reports no tests of its own: it counts as one failure.
      const tests = [...module.children.allTests()];
      if (tests.length === 0 && !module.ok()) tally.failed += 1;
      for (const test of tests) {
        const { state } = test.result();
        tally[state === 'pending' ? 'skipped' : state] += 1;
      }
    }
    const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
    process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed${skipped}\n`);
  }
}
