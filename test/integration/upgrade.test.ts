import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readService } from '../../workers/embedded/keeper.js';
import { poll } from '../support/poll.js';
import { runCli } from '../client/built-cli.js';
import { everyItemOnce, Installation, type ScriptedSession } from '../support/installation.js';
import { OtherVersion } from '../support/other-version.js';
import { knownPid } from '../support/known-pid.js';

const installation = new Installation();
const newer = new OtherVersion('99.0.0');
const pidsOf = () => Object.fromEntries((['temporal', 'statsig', 'control-worker', 'host-worker'] as const).map((name) => [name, readService(installation.home, name).pid]));
/** More than there is time for. */
const items = 5_000;
const sessions: ScriptedSession[] = [];

beforeAll(async () => {
  await installation.up();
  for (const name of ['one', 'two', 'three']) sessions.push(await installation.startScripted(name, ['--items', String(items), '--step-ms', '100']));
  for (const session of sessions) await session.untilItem(2);
});
afterAll(async () => {
  await installation.remove();
  newer.remove();
});

describe('shim up of a newer version, while sessions run', () => {
  it('replaces the workers and leaves Temporal and every agent alone', async () => {
    const agents = sessions.map((session) => session.pid());
    const before = pidsOf();
    const { exitCode, stderr, stdout } = await newer.run(['up'], installation.environment);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stderr).toMatch(/replacing host-worker \(\d+\.\d+\.\d+\+\w+\) by 99\.0\.0\+\w+: draining; agents go on/);
    expect(stdout).toMatch(/host-worker +running +\d+ +99\.0\.0\+/);
    const after = pidsOf();
    expect(after['temporal']).toBe(before['temporal']);
    for (const name of ['statsig', 'control-worker', 'host-worker'] as const) expect(after[name]).not.toBe(before[name]);
    expect(sessions.map((session) => session.pid())).toEqual(agents);
  });

  it('does nothing the second time', async () => {
    const before = pidsOf();
    expect((await newer.run(['up'], installation.environment)).stderr).toBe('');
    expect(pidsOf()).toEqual(before);
  });

  it('takes the commands of both versions, and restarts what is killed', async () => {
    const [one, two] = sessions;
    const pid = knownPid(two?.pid());
    process.kill(pid, 'SIGKILL');
    expect((await newer.run(['checkpoint', 'one'], installation.environment)).exitCode).toBe(0);
    expect((await runCli(['pause', 'one'], { SHIM_HOME: installation.home })).exitCode).toBe(0);
    expect((await newer.run(['resume', 'one'], installation.environment)).exitCode).toBe(0);
    expect(await one?.until('running')).toMatchObject({ epoch: 2 });
    expect(await two?.until('running')).toMatchObject({ restarts: 1 });
    expect(two?.pid()).not.toBe(pid);
  });

  it('is told apart by the older version, which is refused and changes nothing', async () => {
    const before = pidsOf();
    // A worker that is busy with what was just killed may not answer in time, which is then all that status says.
    const { stderr: told } = await poll(
      () => runCli(['status'], { SHIM_HOME: installation.home }),
      (status) => !status.stderr.includes('does not answer'),
      30_000,
    );
    expect(told).toMatch(/shim: control-worker runs 99\.0\.0\+\w+, host-worker runs 99\.0\.0\+\w+; this is \d/);
    expect((await runCli(['doctor'], { SHIM_HOME: installation.home })).stdout).toMatch(/host-worker +runs 99\.0\.0\+\w+, this is .* agents go on/);
    const { exitCode, stderr } = await runCli(['up'], { SHIM_HOME: installation.home });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/was last used by SHIM 99\.0\.0, which is newer than this one \(\d+\.\d+\.\d+\).*use SHIM 99\.0\.0 or newer/);
    expect(pidsOf()).toEqual(before);
  });

  it('loses and doubles nothing of the work', async () => {
    for (const session of sessions) {
      const done = session.itemsDone() + 2;
      await session.untilItem(done, 'end');
      expect(session.verify(done)).toEqual(everyItemOnce);
    }
    expect(await sessions[2]?.status()).toMatchObject({ state: 'running', restarts: 0 });
  });
});
