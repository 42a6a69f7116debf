import { defineConfig } from 'vitest/config';

/** Tests that need Debian's prometheus and prometheus-alertmanager, and run them for real. */
export default defineConfig({
  test: {
    include: ['test/stack/**/*.test.ts'],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
});
