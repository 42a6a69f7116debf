import { defineConfig } from 'vitest/config';

/** Tests that run the real Claude Code and Codex against a loopback stand-in for their APIs. */
export default defineConfig({
  test: {
    include: ['test/agents/**/*.test.ts'],
    globalSetup: ['test/agents/install-agents.ts'],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // An agent takes 200 MB and most of a core while it starts.
    maxWorkers: 2,
  },
});
