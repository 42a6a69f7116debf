import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliReference } from '../../../scripts/cli-reference/reference.js';
import { projectRoot } from '../../support/project-root.js';

describe('docs/cli.md', () => {
  it('is what the program says of itself (npm run docs:cli)', async () => {
    expect(readFileSync(join(projectRoot(), 'docs', 'cli.md'), 'utf8')).toBe(await cliReference());
  });

  it('has every command, each option described', async () => {
    const text = await cliReference();
    for (const command of ['up', 'run', 'status', 'why', 'complete', 'install-service', 'ui', 'parameter']) expect(text).toContain(`\n## shim ${command}\n`);
    expect(text).not.toMatch(/\| `[^`]+` \|  \|/);
  });
});
