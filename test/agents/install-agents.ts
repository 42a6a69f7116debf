import { execFileSync } from 'node:child_process';
import { z } from 'zod';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the programs of the agents are, by kind. */
    agentPrograms: { 'claude-code': string; codex: string };
  }
}

const programsSchema = z.strictObject({ 'claude-code': z.string(), codex: z.string() });

/** Installs the agents into the cache where they are missing. */
export default function setup(project: TestProject): void {
  const output = execFileSync(process.execPath, ['scripts/agents.mjs'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  project.provide('agentPrograms', programsSchema.parse(JSON.parse(output)));
}
