import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bundledWorkflows } from '../support/workflow-bundle.js';

describe('the bundle of workflows', () => {
  it('reads every module of domain/ that is in it once for all workflows', async () => {
    const code = readFileSync(await bundledWorkflows(), 'utf8');
    const held = [...code.matchAll(/^\/\*\*\*\/ "(\.\/domain\/[^" ]+\.ts)"$/gm)].map(([, module]) => module);
    const shared = [...code.matchAll(/^\t"\.\/[^"]+": "(\.\/domain\/[^"]+)",?$/gm)].map(([, module]) => module);
    expect(held).toContain('./domain/restart-policy.ts');
    expect(held.filter((module) => !shared.includes(module))).toEqual([]);
  });
});
