import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KeptSession } from '../../host/restore/session.js';
import { runCli } from '../built-cli.js';

let session: KeptSession;
beforeEach(async () => {
  session = new KeptSession();
  for (const text of ['one', 'two', 'three']) {
    session.write('a.ts', text);
    await session.checkpoint();
  }
});
afterEach(() => session.remove());

const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: session.home });

it('shim prune needs no service, says what it freed, and does nothing on a dry run', async () => {
  expect((await run('prune', '--keep', '1', '--dry-run')).stdout).toMatch(/^kept: 2 checkpoints\nnothing was removed; it would free about \d/);
  const { exitCode, stdout } = await run('prune', 'kept', '--keep', '1', '--json');
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ dryRun: false, bytes: expect.any(Number) as number, sessions: [{ session: 'kept', checkpoints: ['ck-0001', 'ck-0002'], skipped: null }] });
  expect((await run('prune')).stdout).toMatch(/^nothing to remove\nfreed /);
});

it('shim prune removes the folder of a session that closed long enough ago, as asked', async () => {
  session.folder.writeState({ state: 'completed', reason: 'by a test', atMs: Date.now() - 5_000, epoch: 1 });
  expect((await run('prune', '--closed-for', '1d')).stdout).not.toContain('its folder');
  expect((await run('prune', '--closed-for', '1s')).stdout).toMatch(/^kept: its folder\nfreed \d/);
  expect(existsSync(session.folder.path)).toBe(false);
});

it('shim prune says why it leaves a session alone, and what it cannot read', async () => {
  session.rests('running');
  expect((await run('prune')).stdout).toMatch(/^kept: left alone, kept is not at rest/);
  expect(await run('prune', 'nobody')).toMatchObject({ exitCode: 3 });
  expect(await run('prune', '--keep', 'all')).toMatchObject({ exitCode: 2 });
});
