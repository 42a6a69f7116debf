import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStore } from '../../../analytics/outcomes/open-store.js';
import { outcome } from '../../analytics/outcomes/records.js';
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

it('shim prune --outcomes forgets what old sessions came to, and nothing that the kaizen loop looks at', async () => {
  expect(await run('prune', '--outcomes', '30d')).toMatchObject({ exitCode: 2, stderr: 'shim: --outcomes: the kaizen loop needs what is younger than 56d' });
  expect(await run('prune', 'kept', '--outcomes', '60d')).toMatchObject({ exitCode: 2 });
  expect(JSON.parse((await run('prune', '--outcomes', '60d', '--json')).stdout)).toMatchObject({ outcomes: { sessions: 0, attempts: 0 } });
  expect(existsSync(join(session.home, 'outcomes.db'))).toBe(false);
  const store = await openStore(join(session.home, 'outcomes.db'));
  const daysAgo = (days: number) => Date.now() - days * 86_400_000;
  for (const days of [59, 61]) {
    const sessionId = `closed-${days}-days-ago`;
    await store.record([outcome({ sessionId, endedAtMs: daysAgo(days) })]);
    await store.closeSession({ sessionId, state: 'completed', attempts: 1, restarts: 0, closedAtMs: daysAgo(days) });
  }
  await store.close();
  expect((await run('prune', '--outcomes', '60d', '--dry-run')).stdout).toContain('outcome store: 1 session with 1 attempt\nnothing was removed');
  expect((await run('prune', '--outcomes', '60d')).stdout).toContain('outcome store: 1 session with 1 attempt\nfreed');
  expect((await run('prune', '--outcomes', '60d')).stdout).not.toContain('outcome store');
});
