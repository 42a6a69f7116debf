import { closeSync, fsyncSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stopServices } from '../../workers/embedded/services.js';
import { runCli } from '../client/built-cli.js';
import { everyItemOnce, Installation, type ScriptedSession } from '../support/installation.js';
import { knownPid } from '../support/known-pid.js';

const installation = new Installation();
const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: installation.home, SHIM_TEMPORAL_PORT: '0', SHIM_UI_PORT: '0' });
/** More than there is time for. */
const work = ['--items', '5000', '--step-ms', '100'];
const sessions: Record<string, ScriptedSession> = {};
let livingPid = 0;

/** Random bytes over the middle of the database, as a disk that lies would leave it. */
function tearDatabase(): void {
  const path = join(installation.home, 'temporal', 'temporal.db');
  const file = openSync(path, 'r+');
  for (let at = 4_096; at < statSync(path).size; at += 4_096) writeSync(file, Buffer.alloc(2_048, 0xa5), 0, 2_048, at);
  fsyncSync(file);
  closeSync(file);
}

beforeAll(async () => {
  await installation.up();
  const begin = async (name: string, options: string[], request = {}) => {
    sessions[name] = await installation.startScripted(name, options, request);
  };
  await begin('lives', work);
  await begin('dies', work);
  await begin('waits', work);
  await begin('stopped', work);
  await begin('done', ['--items', '1', '--step-ms', '5']);
  await begin('locked-out', ['--items', '1', '--fail', 'auth']);
  for (const name of ['lives', 'dies', 'waits', 'stopped']) await sessions[name]?.untilItem(2);
  await sessions['done']?.until('completed');
  await sessions['locked-out']?.until('failed');
  await run('stop', 'stopped');
  await run('pause', 'waits');
  livingPid = knownPid(sessions['lives']?.pid());
  await stopServices({ home: installation.home, onProgress: () => undefined });
  process.kill(knownPid(sessions['dies']?.pid()), 'SIGKILL');
  tearDatabase();
});
afterAll(() => installation.remove());

describe("a database of Temporal's that cannot be read", () => {
  it('is told by shim up, with what to do, and nothing is started on it', async () => {
    const { exitCode, stderr } = await run('up');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/the database of Temporal .* cannot be read: .*; run: shim up --rebuild/);
  });

  it('is put aside, and every session has its workflow again: who lived goes on, who died returns, who rested rests, who was stopped stays so', async () => {
    const { exitCode, stdout, stderr } = await run('up', '--rebuild');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(/lives +supervised/);
    expect(stdout).toMatch(/locked-out +paused +.*it had failed/);
    expect(readdirSync(installation.home).filter((entry) => entry.startsWith('temporal.'))).toHaveLength(1);
    await installation.reconnect();
    expect(await sessions['lives']?.until('running')).toMatchObject({ epoch: 1, restarts: 0 });
    expect(sessions['lives']?.pid()).toBe(livingPid);
    expect(await sessions['dies']?.until('running')).toMatchObject({ epoch: 2, restarts: 1, ends: [{ epoch: 1, exitClass: 'killed' }] });
    expect(await sessions['waits']?.status()).toMatchObject({ state: 'paused' });
    expect(await sessions['locked-out']?.status()).toMatchObject({ state: 'paused', reason: expect.stringContaining('it had failed') });
    const states = JSON.parse((await run('status', '--json')).stdout) as { name: string; state: string }[];
    expect(states).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'stopped', state: 'stopped' }), expect.objectContaining({ name: 'done', state: 'completed' })]));
  });

  it('costs no work and doubles none, and what rested can go on, above the highest epoch', async () => {
    await run('resume', 'waits');
    for (const name of ['dies', 'waits', 'lives']) {
      const session = sessions[name];
      const done = (session?.itemsDone() ?? 0) + 2;
      await session?.untilItem(done, 'end');
      expect(session?.verify(done)).toEqual(everyItemOnce);
    }
    expect(await sessions['waits']?.status()).toMatchObject({ epoch: 2 });
  });
});
