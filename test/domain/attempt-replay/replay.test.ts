import { describe, expect, it } from 'vitest';
import { replay } from '../../../domain/attempt-replay/replay.js';
import { clopperPearson } from '../../../domain/statistics/exact-tests.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import type { SessionRecord } from '../../../domain/outcome.js';
import { checkpointTimes, minuteMs, nowMs, sessionByTime, sessionOf } from '../opportunity-rules/simulated-sessions.js';

/** Ran for so many minutes, with a checkpoint of 60 ms at its start and every ten minutes. */
function ran(minutes: number, crashed: boolean): Parameters<typeof sessionOf>[0][number] {
  const startedAtMs = nowMs - minutes * minuteMs;
  const made = 1 + Math.floor(minutes / 10);
  return { crashed, startedAtMs, runningAtMs: startedAtMs, endedAtMs: nowMs, workLostMs: crashed ? (minutes % 10) * minuteMs : 0, checkpoints: checkpointTimes(Array.from({ length: made }, () => 60)) };
}

const figure = (found: ReturnType<typeof replay>, name: string) => found?.figures.find((one) => one.name.startsWith(name));

describe('a replay under another checkpoint interval', () => {
  it('has what was lost since the last checkpoint, and what the checkpoints took, of each attempt', () => {
    const sessions = [sessionOf([ran(9, true), ran(9, false)]), sessionOf([ran(7, true)])];
    const found = replay('checkpoint_interval', { current: 10, proposed: 4 }, sessions, seededRandom(1));
    expect(found).toMatchObject({ sessions: 2, attempts: 3, currentValue: 10, proposedValue: 4 });
    // By checkpoints at 0, 4 and 8 minutes: 1 and 3 minutes are lost, and not 9 and 7.
    expect(figure(found, 'work lost')).toMatchObject({ unit: 'ms', present: 8 * minuteMs, proposed: 2 * minuteMs });
    expect(figure(found, 'checkpoint time')).toMatchObject({ present: 90, proposed: (3 + 3 + 2) * 30 });
    expect(figure(found, 'time lost')).toMatchObject({ present: 8 * minuteMs + 90, proposed: 2 * minuteMs + 240 });
    expect(found?.assumptions.join(' ')).toContain('Checkpoints come by time alone');
  });

  it('tells of the truth in about nineteen of twenty: its interval holds what the other value truly does', () => {
    const setting = { checkpointMs: 2_000, meanTimeBetweenFailuresMs: 25 * minuteMs, runningMs: 60 * minuteMs };
    const random = seededRandom(11);
    const many = (intervalMs: number, count: number) => Array.from({ length: count }, () => sessionByTime(random, { ...setting, intervalMs }));
    const lost = (sessions: SessionRecord[]) => sessions.reduce((sum, { attempts }) => sum + attempts.reduce((of, { workLostMs, checkpoints }) => of + workLostMs + checkpoints.totalMs, 0), 0) / sessions.length;
    const truth = lost(many(2 * minuteMs, 4_000)) - lost(many(10 * minuteMs, 4_000));
    const runs = 40;
    let held = 0;
    for (let run = 0; run < runs; run += 1) {
      const { lower, upper } = figure(replay('checkpoint_interval', { current: 10, proposed: 2 }, many(10 * minuteMs, 80), random), 'time lost')?.interval ?? { lower: 0, upper: 0 };
      if ((lower ?? 0) <= truth && truth <= (upper ?? 0)) held += 1;
    }
    expect(truth).toBeLessThan(0);
    expect(clopperPearson({ successes: held, trials: runs }, 0.02).upper).toBeGreaterThanOrEqual(0.95);
  });

  it('expects little of an interval where checkpoints come for other reasons all the time', () => {
    // One a minute, and by time only every ten.
    const busy = Array.from({ length: 20 }, () => sessionOf([{ ...ran(30, true), checkpoints: checkpointTimes(Array.from({ length: 31 }, () => 60)) }]));
    const found = replay('checkpoint_interval', { current: 10, proposed: 5 }, busy, seededRandom(2));
    const { present = 0, proposed = 0 } = figure(found, 'work lost') ?? {};
    expect(present).toBeGreaterThan(0);
    expect(Math.abs(proposed - present) / present).toBeLessThan(0.05);
    expect(found?.assumptions.join(' ')).toContain('Checkpoints for other reasons come at random, every 1m');
  });
});

describe('a replay under another hang time-out', () => {
  const sessions = [
    sessionOf([{ exitClass: 'hung', crashed: true, longestSilenceMs: 600_000 }, { longestSilenceMs: 400_000 }]),
    sessionOf([{ longestSilenceMs: 20_000 }]),
    // In a tool call, which has a limit of its own.
    sessionOf([{ longestSilenceMs: 1_200_000 }]),
  ];

  it('counts those that a shorter one would have ended in vain, and the time it saves', () => {
    const found = replay('hang_timeout', { current: 600_000, proposed: 300_000 }, sessions, seededRandom(3));
    expect(figure(found, 'attempts ended in vain')).toMatchObject({ present: 0, proposed: 0.25 });
    expect(figure(found, 'hangs that are not noticed')).toMatchObject({ present: 0, proposed: 0 });
    expect(figure(found, 'time a session waits')).toMatchObject({ present: 200_000, proposed: 100_000 });
  });

  it('has a longer one notice hangs later', () => {
    const found = replay('hang_timeout', { current: 600_000, proposed: 900_000 }, sessions, seededRandom(3));
    expect(figure(found, 'attempts ended in vain')).toMatchObject({ proposed: 0 });
    expect(figure(found, 'hangs that are not noticed')).toMatchObject({ proposed: 1 });
  });
});

describe('a replay under another danger zone', () => {
  const sessions = [
    sessionOf([{ crashed: true, maxContextUse: 0.7 }, { maxContextUse: 0.65 }]),
    sessionOf([{ crashed: true, maxContextUse: 0.3 }]),
    sessionOf([{ maxContextUse: 0.8 }, { maxContextUse: null }]),
    sessionOf([{ maxContextUse: 0.2 }]),
  ];

  it('counts the crashes it misses, and whom it alarms in vain', () => {
    const found = replay('danger_zone', { current: 0.75, proposed: 0.6 }, sessions, seededRandom(4));
    expect(figure(found, 'crashes that came before')).toMatchObject({ present: 1, proposed: 0.5 });
    expect(figure(found, 'attempts that reached')).toMatchObject({ present: 1 / 3, proposed: 2 / 3 });
    expect(found?.assumptions.at(-1)).toBe('1 attempts did not tell their context use, and are left out.');
  });
});

describe('a replay', () => {
  it('is the same for the same records and seed', () => {
    const sessions = Array.from({ length: 10 }, (_, at) => sessionOf([ran(3 * at + 1, at % 2 === 0)]));
    const once = () => replay('checkpoint_interval', { current: 10, proposed: 2 }, sessions, seededRandom(5));
    expect(once()).toEqual(once());
  });

  it.each(['resume_strategy', 'restart_strategy', 'backoff_base'] as const)('is not made up for %s', (parameter) => {
    expect(replay(parameter, { current: 1, proposed: 2 }, [sessionOf([{}]), sessionOf([{}])], seededRandom(6))).toBeNull();
  });

  it('is not made of a single session, nor of sessions without an attempt', () => {
    expect(replay('danger_zone', { current: 0.75, proposed: 0.6 }, [sessionOf([{}]), sessionOf([])], seededRandom(7))).toBeNull();
  });
});
