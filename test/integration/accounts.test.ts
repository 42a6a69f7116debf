import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountState } from '../../domain/account.js';
import { staggerMs } from '../../domain/account.js';
import { runCli } from '../client/built-cli.js';
import { everyItemOnce, Installation, until, type ScriptedSession } from '../support/installation.js';

const shim = new Installation();
const run = (...argv: string[]) => runCli(argv, { SHIM_HOME: shim.home, USER: 'ann' });
const json = async <T>(...argv: string[]) => JSON.parse((await run(...argv, '--json')).stdout) as T;

beforeAll(() => shim.up());
afterAll(() => shim.remove());

const burnsNone = { policy: { intensity: { maxFailures: 0, windowMs: 60_000 } } };

/** Sessions of an account that all meet its limit in their first attempt. */
function limited(account: string, count: number, limitSeconds: number): Promise<ScriptedSession[]> {
  const names = Array.from({ length: count }, (_, n) => `${account.replace('/', '-')}-${n}`);
  return Promise.all(names.map((name) => shim.startScripted(name, ['--items', '3', '--fail', 'limit', '--limit-seconds', String(limitSeconds)], { account, ...burnsNone })));
}

/** When an attempt began, Unix ms. */
function startedAtMs(session: ScriptedSession, epoch: number): number {
  return session.folder.attempt(epoch).record()?.startedAtMs ?? Number.NaN;
}

async function waiting(account: string, count: number): Promise<AccountState> {
  let state: AccountState | null = null;
  await expect.poll(async () => (state = await json<AccountState>('account', account)).waiting.length, { timeout: 30_000 }).toBe(count);
  if (!state) throw new Error('unreachable');
  return state;
}

describe('the limit of an account', () => {
  it('is waited out by all its sessions: one goes first, the others one after another, and no work is lost or done twice', async () => {
    const begun = await limited('team/one', 3, 15);
    const { untilMs } = await waiting('team/one', 3);
    await Promise.all(begun.map((session) => session.until('completed')));
    for (const session of begun) {
      expect(session.ends()).toEqual(['limit_reached', 'completed']);
      expect(session.verify(3)).toEqual(everyItemOnce);
    }
    const starts = begun.map((session) => startedAtMs(session, 2)).toSorted((a, b) => a - b);
    expect(starts[0]).toBeGreaterThanOrEqual(untilMs ?? Infinity);
    // The host begins them as they are let go, sooner or later by what a call takes.
    for (const [index, atMs] of starts.slice(1).entries()) expect(atMs - (starts[index] ?? 0)).toBeGreaterThan(staggerMs / 2);
    const probes = begun.filter((session) => session.folder.attempt(2).record()?.probeOf === 'team/one');
    expect(probes.map((session) => startedAtMs(session, 2))).toEqual([starts[0]]);
    await expect.poll(() => json<AccountState>('account', 'team/one')).toMatchObject({ phase: 'open', consecutive: 0 });
  });

  it('is shown, shifted and cancelled by a person, and told to all its sessions', async () => {
    const [session] = await limited('team/two', 1, 3_600);
    await waiting('team/two', 1);
    expect((await run('accounts')).stdout).toMatch(/team\/two +limited +in (59m|1h).* 1 /);
    expect((await run('top')).stdout).toMatch(/^accounts: .*team\/two limited \(over in (59m|1h)/m);
    expect((await run('status', session?.name ?? '')).stdout).toMatch(/state +waiting_for_limit: limit of team\/two until .*\nuntil +in (59m|1h)[^]*account +team\/two/);
    const untilMs = Date.now() + 7_200_000;
    expect(await json('account', 'team/two', 'wait-until', new Date(untilMs).toISOString())).toMatchObject({ phase: 'limited', untilMs, setBy: 'ann' });
    await expect.poll(async () => (await session?.status())?.untilMs, { timeout: 20_000 }).toBe(untilMs);

    const late = await shim.startScripted('team-two-late', ['--items', '1'], { account: 'team/two' });
    expect(await late.until('waiting_for_limit')).toMatchObject({ epoch: 0, untilMs });

    expect((await run('account', 'team/two', 'cancel')).exitCode).toBe(0);
    expect((await run('account', 'team/two', 'cancel')).exitCode).toBe(0);
    await session?.until('completed');
    await late.until('completed');
    expect(session?.ends()).toEqual(['limit_reached', 'completed']);
  });

  it('of which nobody heard so far is open, and a name or a time that is none is refused', async () => {
    expect(await json('account', 'team/none')).toMatchObject({ phase: 'open', waiting: [] });
    expect(await run('account', 'team/none', 'cancel')).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('no account team/none has met a limit, so there is nothing to cancel; shim accounts shows those that have') });
    expect(await run('account', 'no name')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('an account starts with a letter or digit') });
    expect(await run('account', 'team/none', 'wait-until', 'soon')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is no time') });
    expect(await run('account', 'team/none', 'wait-until')).toMatchObject({ exitCode: 2 });
  });
});

describe('an overloaded API', () => {
  it('is backed off from by its account, and burns no restart', async () => {
    const session = await shim.startScripted('overloaded', ['--items', '2', '--fail', 'overload'], { account: 'team/three', ...burnsNone });
    const status = await session.until('waiting_for_limit');
    await until(() => session.ends().length === 1, 'the end');
    const { cause, untilMs } = await waiting('team/three', 1);
    expect(cause).toBe('overloaded');
    expect((untilMs ?? 0) - (session.folder.attempt(1).report()?.endedAtMs ?? 0)).toBeGreaterThan(25_000);
    expect(status.restarts).toBe(0);
    await run('account', 'team/three', 'cancel');
    await session.until('completed');
    expect(session.ends()).toEqual(['overloaded', 'completed']);
  });
});
