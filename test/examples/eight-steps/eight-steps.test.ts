import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../support/project-root.js';

const run = promisify(execFile);

describe('the example of the eight steps', () => {
  it('goes through them in order, deploys the winner, and a later session reads it', async () => {
    const { stdout } = await run(process.execPath, [join(projectRoot(), 'dist', 'examples', 'eight-steps', 'eight-steps.js')], { timeout: 50_000 });
    expect(stdout.match(/^\d(?=\. )/gm)).toEqual(['1', '2', '3', '6', '7', '8']);
    const [, proposed = ''] = /against ([\d.]+) minutes/.exec(stdout) ?? [];
    expect(stdout).toContain('winner: treatment');
    expect(stdout).toContain(`8. deployed: 10 -> ${proposed} minutes`);
    expect(stdout).toContain(`a session from now on runs with ${proposed} minutes`);
  });
});
