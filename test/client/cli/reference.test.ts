import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processContext } from '../../../client/cli/context.js';
import { createProgram } from '../../../client/cli/main.js';
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

/** What these print is for a shell, or one address. */
const withoutJson = ['serve', 'complete'];

describe('every command', () => {
  it('takes --json, but for those that print for a program already', async () => {
    const { commands } = await createProgram(processContext({}));
    const ends = commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command])).filter((command) => command.name() !== 'help');
    expect(ends.length).toBeGreaterThan(30);
    expect(ends.filter(({ options }) => !options.some(({ long }) => long === '--json')).map((command) => command.name())).toEqual(withoutJson);
  });
});
