import { afterEach, describe, expect, it } from 'vitest';
import { staggerMs } from '../../domain/account.js';
import { moment } from '../../domain/moment.js';
import { cancelWaitUpdate, waitUntilUpdate } from '../../workflows/account-messages.js';
import { pauseUpdate, resetUpdate, resumeUpdate, stopUpdate } from '../../workflows/messages.js';
import { LimitedAccount } from '../support/limited-account.js';
import type { Act } from '../support/scripted-host.js';
import type { SupervisedSession } from '../support/supervised-session.js';
import { poll } from '../support/poll.js';
import { useSessions } from '../support/use-sessions.js';

const sessions = useSessions();
const by = { by: 'ann' };
const hourMs = 3_600_000;

const accounts: LimitedAccount[] = [];
afterEach(async () => {
  for (const account of accounts.splice(0)) await account.dispose();
});

function anAccount(): LimitedAccount {
  const account = new LimitedAccount(sessions.environment);
  accounts.push(account);
  return account;
}

/** Sessions of an account that have met its limit, in the order in which they wait. */
async function limited(account: LimitedAccount, count: number, resetsAtMs: number, after: Act[] = []): Promise<SupervisedSession[]> {
  const script: Act[] = [{ exitClass: 'limit_reached', limitResetsAtMs: resetsAtMs }, ...after];
  const begun = await Promise.all(Array.from({ length: count }, () => sessions.supervise({ account: account.name, policy: { intensity: { maxFailures: 0 } }, script })));
  const { waiting } = await account.waits(count);
  for (const session of begun) await session.until(({ state, untilMs }) => state === 'waiting_for_limit' && untilMs === resetsAtMs);
  return waiting.map(({ session }) => begun.find(({ spec }) => spec.name === session)).filter((session) => session !== undefined);
}

function starts(begun: readonly SupervisedSession[]): number[] {
  return begun.map(({ host }) => host.of('startAgent').length);
}

describe('ten sessions of one account', () => {
  it('wait for one timer; one goes first, and the others one after another once it had an answer; no restart is burnt', async () => {
    const account = anAccount();
    const resetsAtMs = (await sessions.environment.now()) + 2 * hourMs;
    const begun = await limited(account, 10, resetsAtMs);
    expect(await account.timersSeconds()).toHaveLength(1);
    const [first, ...others] = begun;
    expect(await others[0]?.status()).toMatchObject({ state: 'waiting_for_limit', untilMs: resetsAtMs, account: account.name, reason: `limit of ${account.name} until ${moment(resetsAtMs)} UTC` });

    await sessions.environment.skip(2 * hourMs);
    await first?.runs(2);
    expect(first?.host.of('startAgent')[1]).toMatchObject({ input: { probeOf: account.name } });
    expect(starts(begun)).toEqual([2, ...others.map(() => 1)]);
    expect(first?.host.of('startAgent')[1]?.atMs).toBeGreaterThanOrEqual(resetsAtMs);

    await account.answered(first?.spec.name ?? '');
    for (const session of others) {
      await account.settled();
      await sessions.environment.skip(staggerMs);
      await session.runs(2);
    }
    const times = await account.letGoTimes();
    expect(times).toHaveLength(10);
    // An event bears the time at which its task was answered, not that of the timer.
    for (const [index, atMs] of times.slice(1).entries()) expect(atMs - (times[index] ?? 0)).toBeGreaterThan(staggerMs / 2);
    expect(await account.until(({ phase }) => phase === 'open')).toMatchObject({ waiting: [], consecutive: 0 });
    for (const session of begun) expect((await session.status()).ends).toHaveLength(1);
    expect((await Promise.all(begun.map((session) => session.status()))).map(({ state }) => state)).toEqual(begun.map(() => 'running'));
  });
});

describe('an account', () => {
  it('waits anew when the session that went first meets the limit again', async () => {
    const account = anAccount();
    const now = await sessions.environment.now();
    const [first, second] = await limited(account, 2, now + hourMs, [{ exitClass: 'limit_reached', limitResetsAtMs: now + 5 * hourMs }]);
    await sessions.environment.skip(hourMs);
    await first?.until(({ epoch, state }) => epoch === 2 && state === 'waiting_for_limit');
    expect(await account.waits(2)).toMatchObject({ untilMs: now + 5 * hourMs, probe: null });
    expect(await second?.until(({ untilMs }) => untilMs === now + 5 * hourMs)).toMatchObject({ state: 'waiting_for_limit', epoch: 1 });
    await second?.skip(4 * hourMs);
    // The one that has not been let go yet goes first now; its script has it refused again.
    await second?.until(({ ends, state }) => ends.length === 2 && state === 'waiting_for_limit');
    await account.waits(2);
  });

  it('is cancelled by a person: one goes at once, and a second cancel changes nothing', async () => {
    const account = anAccount();
    const [first, second] = await limited(account, 2, (await sessions.environment.now()) + hourMs);
    expect(await account.handle().executeUpdate(cancelWaitUpdate, { args: [by] })).toMatchObject({ outcome: 'applied' });
    await first?.runs(2);
    expect(await account.handle().executeUpdate(cancelWaitUpdate, { args: [by] })).toMatchObject({ outcome: 'applied' });
    expect(await account.status()).toMatchObject({ phase: 'probing', probe: { session: first?.spec.name } });
    expect(second?.host.of('startAgent')).toHaveLength(1);
  });

  it('is shifted by a person, and all who wait show it', async () => {
    const account = anAccount();
    const now = await sessions.environment.now();
    const [first, second] = await limited(account, 2, now + hourMs);
    const untilMs = now + 3 * hourMs;
    await account.handle().executeUpdate(waitUntilUpdate, { args: [{ ...by, untilMs }] });
    for (const session of [first, second]) await session?.until((status) => status.untilMs === untilMs);
    await account.settled();
    await first?.skip(2 * hourMs);
    expect(await first?.status()).toMatchObject({ state: 'waiting_for_limit', epoch: 1 });
    await first?.skip(hourMs);
    await first?.runs(2);
  });

  it('that was ended keeps nobody: its sessions go on by themselves', async () => {
    const account = anAccount();
    const resetsAtMs = (await sessions.environment.now()) + hourMs;
    const begun = await limited(account, 2, resetsAtMs);
    await account.handle().terminate('by an operator');
    await sessions.environment.skip(resetsAtMs + 200_000 - (await sessions.environment.now()));
    expect(starts(begun)).toEqual([1, 1]);
    await sessions.environment.skip(101_000);
    for (const session of begun) await session.runs(2);
  });

  it('continues as new with a long history, and goes on where it was', async () => {
    const account = anAccount();
    const resetsAtMs = (await sessions.environment.now()) + hourMs;
    const [session] = await limited(account, 1, resetsAtMs);
    const { runId } = await account.handle().describe();
    // Of who is not its probe it takes no notice; each signal is an event.
    await Promise.all(Array.from({ length: 550 }, (_, n) => account.answered(`nobody-${n}`)));
    await poll(() => account.handle().describe(), (described) => described.runId !== runId);
    expect(await account.status()).toMatchObject({ phase: 'limited', untilMs: resetsAtMs, waiting: [{ session: session?.spec.name }] });
    await account.settled();
    await session?.skip(hourMs);
    await session?.runs(2);
  });

  it('makes a session wait that is started while it is limited, before its first attempt', async () => {
    const account = anAccount();
    const resetsAtMs = (await sessions.environment.now()) + hourMs;
    const [first] = await limited(account, 1, resetsAtMs);
    const late = await sessions.supervise({ account: account.name });
    expect(await late.reaches('waiting_for_limit')).toMatchObject({ epoch: 0, untilMs: resetsAtMs });
    expect(late.host.of('startAgent')).toHaveLength(0);
    await account.waits(2);
    await late.skip(hourMs);
    await first?.runs(2);
    await account.answered(first?.spec.name ?? '');
    await account.until(({ phase }) => phase === 'releasing');
    await account.settled();
    await sessions.environment.skip(staggerMs);
    await late.runs(1);
  });

  it('makes a running session wait that crashes while it is limited', async () => {
    const account = anAccount();
    const resetsAtMs = (await sessions.environment.now()) + hourMs;
    const running = await sessions.supervise({ account: account.name });
    const { attempt } = await running.runs(1);
    await limited(account, 1, resetsAtMs);
    await running.current().signal('accountChanged', { untilMs: resetsAtMs, reason: 'told' });
    if (!attempt) throw new Error('it has no attempt');
    await running.host.end(attempt, { exitClass: 'killed' });
    expect(await running.reaches('waiting_for_limit')).toMatchObject({ untilMs: resetsAtMs, ends: [{ decision: `wait for account ${account.name}` }] });
    await account.waits(2);
  });

  it('backs off ever longer with each overload of any of its sessions, and counts no failure', async () => {
    const account = anAccount();
    const session = await sessions.supervise({ account: account.name, policy: { intensity: { maxFailures: 0 } }, script: ['overloaded', 'overloaded', 'overloaded'] });
    for (const [index, seconds] of [30, 60, 120].entries()) {
      await session.until(({ state, epoch }) => state === 'waiting_for_limit' && epoch === index + 1);
      await account.waits(1);
      await session.skip(seconds * 1_000);
    }
    await session.runs(4);
    expect((await account.timersSeconds()).filter((seconds) => seconds <= 120 && seconds > 25).slice(0, 5)).toEqual(expect.arrayContaining([30, 60, 120]));
  });
});

describe('a session that waits for its account', () => {
  it('starts at once on a reset, and leaves its turn', async () => {
    const account = anAccount();
    const [first, second] = await limited(account, 2, (await sessions.environment.now()) + hourMs);
    await first?.handle.executeUpdate(resetUpdate, { args: [by] });
    await first?.runs(2);
    expect((await account.waits(1)).waiting).toMatchObject([{ session: second?.spec.name }]);
  });

  it('that is stopped never starts, and holds nobody up', async () => {
    const account = anAccount();
    const [first, second] = await limited(account, 2, (await sessions.environment.now()) + hourMs);
    await first?.handle.executeUpdate(stopUpdate, { args: [by] });
    expect(await first?.handle.result()).toMatchObject({ state: 'stopped' });
    await account.waits(1);
    await second?.skip(hourMs);
    await second?.runs(2);
    expect(first?.host.of('startAgent')).toHaveLength(1);
  });

  it('that is paused and resumed asks again, and does not begin the limit anew', async () => {
    const account = anAccount();
    const resetsAtMs = (await sessions.environment.now()) + hourMs;
    const [first] = await limited(account, 1, resetsAtMs);
    await first?.handle.executeUpdate(pauseUpdate, { args: [by] });
    await first?.reaches('paused');
    await account.waits(0);
    await first?.handle.executeUpdate(resumeUpdate, { args: [by] });
    await first?.reaches('waiting_for_limit');
    expect(await account.waits(1)).toMatchObject({ untilMs: resetsAtMs, consecutive: 1 });
    await first?.skip(hourMs);
    await first?.runs(2);
  });
});
