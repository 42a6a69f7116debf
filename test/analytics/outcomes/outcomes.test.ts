import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../../domain/outcome.js';
import { parametersSchema } from '../../../domain/parameters.js';
import { fixtureReport } from '../../client/fixture-session.js';
import { outcome } from './records.js';
import { describeOnEach } from './store-places.js';

describe('the outcome of an attempt', () => {
  const context = { agent: 'command', parameters: parametersSchema.parse({}), resumeStrategy: 'native', previousEndedAtMs: null } as const;

  it('counts the work since its last checkpoint as lost to a crash, and none to a good end', () => {
    const report = fixtureReport(2);
    expect(outcomeOf(report, context)).toMatchObject({ crashed: true, workLostMs: 10_000, resumeStrategy: 'native' });
    expect(outcomeOf({ ...report, exitClass: 'completed' }, context)).toMatchObject({ crashed: false, workLostMs: 0 });
    expect(outcomeOf({ ...report, checkpoint: { id: 'ck-0001', atMs: report.startedAtMs - 5_000 } }, context).workLostMs).toBe(30_000);
    expect(outcomeOf({ ...report, runningAtMs: null }, context).workLostMs).toBe(0);
    expect(outcomeOf({ ...report, exitClass: 'hung', longestSilenceMs: 25_000 }, context).workLostMs).toBe(25_000);
    expect(outcomeOf(fixtureReport(1), context).resumeStrategy).toBeNull();
  });
});

describeOnEach('the record of outcomes', ({ open }) => {
  it('gives back what it was given, again after it was opened anew', async () => {
    const sessionId = randomUUID();
    const kept = [outcome({ sessionId }), outcome({ sessionId, epoch: 2, resumeStrategy: 'fork', costUsd: 0.25, inputTokens: 6e9 })];
    const first = await open();
    expect(await first.record(kept)).toBe(2);
    await first.close();
    const second = await open();
    expect((await second.session(sessionId))?.attempts).toEqual(kept);
  });

  it('keeps one outcome of an attempt, however often and by whomever it is told', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    const told = outcome();
    const counts = await Promise.all([one.record([told]), other.record([told]), one.record([told, outcome()]), other.record([{ ...told, crashed: false }])]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2);
  });

  it('keeps more at once than one statement takes', async () => {
    const store = await open();
    const many = Array.from({ length: 1_201 }, () => outcome());
    expect(await store.record(many)).toBe(1_201);
    expect(await store.record([...many, outcome()])).toBe(1);
  });

  it('adds up the attempts that ended in a window, which may be none', async () => {
    const store = await open();
    await store.record([999, 1_000, 1_001].map((endedAtMs) => outcome({ endedAtMs })));
    expect((await store.sessionTotals(1_000, 1_001)).crashes).toEqual({ successes: 1, trials: 1 });
    expect((await store.sessionTotals(1_002, 1_003)).tokens).toEqual({ n: 0, mean: 0, variance: 0 });
  });

  it('refuses what is no outcome, and keeps none of those told with it', async () => {
    const store = await open();
    const good = outcome();
    await expect(store.record([good, outcome({ workLostMs: -1 })])).rejects.toThrow(/workLostMs/);
    expect(await store.session(good.sessionId)).toBeNull();
  });

  it('knows when the last of them was recorded', async () => {
    const store = await open();
    expect(await store.lastOutcomeAtMs()).toBeNull();
    await store.record([outcome({ endedAtMs: 9_000 })], 2_000);
    await store.record([outcome({ endedAtMs: 1_000 })], 1_500);
    expect(await store.lastOutcomeAtMs()).toBe(2_000);
  });
});
