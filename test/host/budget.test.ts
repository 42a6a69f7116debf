import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StartAgentInput } from '../../domain/host-requests.js';
import type { SessionSpec } from '../../domain/session.js';
import { setDayBudget, setFleetBudget } from '../../host/budget/budget-settings.js';
import { DayLedger, dayOf } from '../../host/budget/day-ledger.js';
import { begunAnew, countsBegunWith, spentSoFar } from '../../host/budget/session-spend.js';
import type { HostContext } from '../../host/host-context.js';
import { SessionFolder } from '../../host/session-folder.js';
import { emptySignals } from '../../domain/signals.js';
import { aReport } from '../support/session-fixtures.js';
import { KeptReports, startRequest, useLocalHost } from '../support/local-host.js';

const local = useLocalHost();
const nothing = { tokens: 0, usd: 0, hours: 0 };

/** An agent that says message after message, each of 1,000 tokens, and is done after some. */
function talking(name: string, messages: number, change: Partial<SessionSpec> = {}, then = 'exec sleep 60'): SessionSpec {
  const message = (n: string) => `{"type":"assistant","message":{"id":"m-'"$SHIM_EPOCH-${n}"'","role":"assistant","content":[],"usage":{"input_tokens":900,"output_tokens":100}}}`;
  const script = `i=0; while [ $i -lt ${messages} ]; do i=$((i+1)); echo '${message('$i')}'; sleep 0.05; done; ${then}`;
  return local.newSpec(name, { argv: ['/bin/sh', '-c', script], ...change });
}

function start(spec: SessionSpec, epoch: number, change: Partial<StartAgentInput> = {}): StartAgentInput {
  return { ...startRequest(spec, epoch), ...change };
}

function nextEnd(reports: KeptReports): Promise<KeptReports['ends'][number]> {
  return new Promise((resolve) => reports.once('ended', resolve));
}

/** Names of the events on a host, as they come. */
function heard(context: HostContext): string[] {
  const names: string[] = [];
  for (const event of ['budget_warning', 'budget_exceeded', 'checkpoint_created'] as const) context.events.on(event, () => names.push(event));
  return names;
}

describe('the budget of a session', () => {
  it('is warned of, then ends the attempt with a checkpoint, and the next one does not begin', async () => {
    const reports = new KeptReports();
    const context = local.contextOf(reports);
    const events = heard(context);
    const host = local.newHost(context);
    const spec = talking('bounded', 100);
    const budget = { tokens: 5_000 };
    const ended = nextEnd(reports);
    await host.startAgent(start(spec, 1, { budget }));
    const report = await ended;
    expect(report).toMatchObject({ exitClass: 'stopped', overBudget: { scope: 'session', measure: 'tokens', level: 'exceeded', limit: 5_000 }, checkpoint: { id: expect.any(String) } });
    expect(report.reason).toMatch(/^its budget is used up: [56],000 tokens of 5,000 tokens are spent; go on with more: shim resume bounded --add-tokens/);
    expect(events.filter((event) => event !== 'checkpoint_created')).toEqual(['budget_warning', 'budget_exceeded']);
    await expect(host.startAgent(start(spec, 2, { budget }))).rejects.toMatchObject({ code: 'OverBudget', details: { finding: { measure: 'tokens' } } });
    expect(new SessionFolder(local.home, 'bounded').epochs()).toEqual([1]);
  });

  it('counts all attempts, whoever watched them: more of it lasts as long as what is left', async () => {
    const reports = new KeptReports();
    const spec = talking('adds-up', 3);
    const first = local.newHost(local.contextOf(reports));
    let ended = nextEnd(reports);
    await first.startAgent(start(spec, 1, { budget: { tokens: 5_000 } }));
    await expect.poll(() => first.liveRunners[0]?.collector.signals.messages, { timeout: 10_000 }).toBe(3);
    await first.stopAgent({ ...startRequest(spec, 1), mode: 'pause', reason: 'a pause', attemptId: first.liveRunners[0]?.key.attemptId ?? '' });
    expect((await ended).spend).toMatchObject({ tokens: 3_000 });
    first.detach();

    const second = local.newHost(local.contextOf(reports));
    ended = nextEnd(reports);
    await second.startAgent(start(spec, 2, { budget: { tokens: 5_000 } }));
    const report = await ended;
    expect(report).toMatchObject({ epoch: 2, exitClass: 'stopped', overBudget: { limit: 5_000 } });
    // What came in one piece is counted in one piece; alone, the second attempt says 3,000 tokens at most.
    expect(report.spend?.tokens).toBeGreaterThanOrEqual(5_000);
  });

  it('goes on being counted by a worker that adopts the attempt', async () => {
    const reports = new KeptReports();
    const spec = talking('adopted', 40);
    const first = local.newHost(local.contextOf(reports));
    await first.startAgent(start(spec, 1, { budget: { tokens: 12_000 } }));
    await expect.poll(() => first.liveRunners[0]?.collector.signals.messages, { timeout: 10_000 }).toBeGreaterThan(2);
    first.detach();
    const ended = nextEnd(reports);
    const second = local.newHost(local.contextOf(reports));
    await second.adopt(new SessionFolder(local.home, 'adopted'));
    expect(await ended).toMatchObject({ exitClass: 'stopped', overBudget: { limit: 12_000 } });
  });

  it.each([
    ['and lives on', 'exec sleep 60', 'stopped'],
    ['and ended meanwhile', 'exit 3', 'crashed'],
  ] as const)('counts what an agent spent while no worker ran, %s: all of it, and nothing twice', async (_what, then, exitClass) => {
    const reports = new KeptReports();
    const spec = talking('unseen', 12, {}, then);
    const first = local.newHost(local.contextOf(reports));
    await first.startAgent(start(spec, 1, { budget: { tokens: 10_000 } }));
    await expect.poll(() => first.liveRunners[0]?.collector.signals.messages, { timeout: 10_000 }).toBeGreaterThan(2);
    first.detach();
    const { path } = new SessionFolder(local.home, 'unseen').attempt(1);
    await expect.poll(() => readFileSync(join(path, 'stdout'), 'utf8').split('\n').length, { timeout: 20_000 }).toBe(13);
    await expect.poll(() => then !== 'exit 3' || existsSync(join(path, 'exit')), { timeout: 20_000 }).toBe(true);
    const runner = await local.newHost(local.contextOf(reports)).adopt(new SessionFolder(local.home, 'unseen'));
    expect(await runner?.ended).toMatchObject({ exitClass, spend: { tokens: 12_000 }, overBudget: { limit: 10_000 } });
  });

  it('of hours is that of the time that attempts lived', async () => {
    const reports = new KeptReports();
    const host = local.newHost(local.contextOf(reports));
    const spec = talking('by-the-hour', 100);
    const ended = nextEnd(reports);
    await host.startAgent(start(spec, 1, { budget: { hours: 0.5 / 3_600 } }));
    const report = await ended;
    expect(report).toMatchObject({ overBudget: { measure: 'hours' } });
    expect(report.spend?.hours).toBeGreaterThanOrEqual(0.5 / 3_600);
  });
});

describe('a budget that sessions share', () => {
  it('of the day ends what runs and lets nothing begin, until it is raised', async () => {
    const reports = new KeptReports();
    const host = local.newHost(local.contextOf(reports));
    const [one, two] = [talking('one', 100), talking('two', 1)];
    const ended = nextEnd(reports);
    await host.startAgent(start(one, 1));
    setDayBudget(local.home, { tokens: 3_000 });
    expect(await ended).toMatchObject({ name: 'one', exitClass: 'stopped', overBudget: { scope: 'day', limit: 3_000 } });
    await expect(host.startAgent(start(two, 1))).rejects.toMatchObject({ code: 'OverBudget', message: expect.stringMatching(/the host's budget for the day is used up/) });
    setDayBudget(local.home, { tokens: 1_000_000 });
    await expect(host.startAgent(start(two, 1))).resolves.toMatchObject({ adopted: false });
  });

  it("of a fleet is no other session's business", async () => {
    const reports = new KeptReports();
    const host = local.newHost(local.contextOf(reports));
    setFleetBudget(local.home, 'web', { tokens: 2_000 });
    const ended = nextEnd(reports);
    await host.startAgent(start(talking('member', 100, { fleet: 'web' }), 1));
    expect(await ended).toMatchObject({ name: 'member', overBudget: { scope: 'fleet', fleet: 'web' } });
    await expect(host.startAgent(start(talking('other-member', 1, { fleet: 'web' }), 1))).rejects.toMatchObject({ code: 'OverBudget' });
    await expect(host.startAgent(start(talking('stranger', 1), 1))).resolves.toMatchObject({ adopted: false });
    setFleetBudget(local.home, 'web', null);
    await expect(host.startAgent(start(talking('freed-member', 1, { fleet: 'web' }), 1))).resolves.toMatchObject({ adopted: false });
  });

  it('in a file that cannot be read lets nothing begin, and says so', async () => {
    const host = local.newHost(local.contextOf());
    writeFileSync(join(local.home, 'budget.json'), '{"day": {"usd": "much"}}');
    await expect(host.startAgent(start(talking('careful', 1), 1))).rejects.toMatchObject({ code: 'Misconfigured', message: expect.stringMatching(/budget\.json cannot be read: .*mend or remove it/) });
  });
});

describe('the account of a day', () => {
  const noon = new Date(2026, 2, 28, 12).getTime();
  const tomorrow = new Date(2026, 2, 29, 1).getTime();

  it('outlives its process, and begins anew at midnight with what a session had spent until then', () => {
    const ledger = new DayLedger(local.home);
    ledger.count('a', { ...nothing, tokens: 70 }, { ...nothing, tokens: 100 }, noon);
    ledger.count('b', nothing, { ...nothing, tokens: 5 }, noon);
    ledger.write();
    const later = new DayLedger(local.home);
    expect(later.total(noon)).toMatchObject({ tokens: 35 });
    later.count('a', { ...nothing, tokens: 70 }, { ...nothing, tokens: 130 }, tomorrow);
    expect(later.total(tomorrow)).toMatchObject({ tokens: 30 });
    expect([dayOf(noon), dayOf(tomorrow)]).toEqual(['2026-03-28', '2026-03-29']);
  });

  it('leaves nothing half written where it cannot be written, and has all of it when it can', () => {
    const ledger = new DayLedger(local.home);
    const folder = join(local.home, 'spend');
    const inTheWay = join(folder, `${dayOf(noon)}.json`);
    ledger.count('a', nothing, { ...nothing, tokens: 9 }, noon);
    mkdirSync(join(inTheWay, 'taken'), { recursive: true });
    expect(() => ledger.write()).toThrow();
    expect(readdirSync(folder)).toEqual([`${dayOf(noon)}.json`]);
    rmSync(inTheWay, { recursive: true });
    ledger.count('a', nothing, { ...nothing, tokens: 11 }, noon);
    ledger.write();
    expect(new DayLedger(local.home).total(noon)).toMatchObject({ tokens: 11 });
  });

  it('counts nothing twice, however often it is told', () => {
    const ledger = new DayLedger(local.home);
    for (let told = 0; told < 3; told += 1) ledger.count('a', nothing, { tokens: 9, usd: 1, hours: 0.5 }, noon);
    expect(ledger.total(noon)).toEqual({ tokens: 9, usd: 1, hours: 0.5 });
  });
});

describe('counts that an agent goes on with', () => {
  const report = (change: object) => aReport({ sessionId: 's', name: 'n', epoch: 1, attemptId: 'a' }, { exitClass: 'completed', ...change }, 1_000);
  const usage = (inputTokens: number) => ({ usage: { ...emptySignals(0).usage, inputTokens }, costUsd: null });

  it('are not spent again: the tokens of Codex, and the cost of Claude Code', () => {
    const codex = countsBegunWith('codex', { report: report({ inputTokens: 2_000, outputTokens: 40 }), begunWith: begunAnew });
    expect(spentSoFar({ ...nothing, tokens: 2_040 }, codex, usage(3_060), 0).tokens).toBe(3_060);
    const claude = countsBegunWith('claude-code', { report: report({ costUsd: 0.0066, inputTokens: 2_000 }), begunWith: begunAnew });
    expect(spentSoFar({ tokens: 2_000, usd: 0.0066, hours: 0 }, claude, { ...usage(1_000), costUsd: 0.0099 }, 0)).toMatchObject({ tokens: 3_000, usd: expect.closeTo(0.0099, 6) });
  });

  it('are those of the last attempt that told any', () => {
    expect(countsBegunWith('codex', { report: report({}), begunWith: { tokens: 500, usd: 0 } })).toEqual({ tokens: 500, usd: 0 });
    expect(countsBegunWith('claude-code', { report: report({ costUsd: null }), begunWith: { tokens: 0, usd: 0.5 } })).toEqual({ tokens: 0, usd: 0.5 });
  });

  it('that are lower than they should be have begun anew', () => {
    expect(spentSoFar(nothing, { tokens: 500, usd: 0.5 }, { ...usage(100), costUsd: 0.1 }, 0)).toMatchObject({ tokens: 100, usd: 0.1 });
  });
});
