import { describe, expect, it } from 'vitest';
import { histogramOf } from '../../../domain/histogram.js';
import { measureSessions } from '../../../domain/opportunity-rules/measure-sessions.js';
import { restartBoundsMs, silenceBoundsMs, type Measurements } from '../../../domain/opportunity-rules/measurements.js';
import { ruleAlpha, type OpportunityRule, type RuleAnswer } from '../../../domain/opportunity-rules/rule.js';
import { opportunityRules } from '../../../domain/opportunity-rules/rules.js';
import type { ParameterName, ParameterValue } from '../../../domain/parameter-table.js';
import { clopperPearson } from '../../../domain/statistics/exact-tests.js';
import type { Proportion, SampleSummary } from '../../../domain/statistics/interval.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { attemptByContext, checkpointTimes, exponential, factsOf, healthy, minuteMs, normal, nowMs, sessionByTime, sessionOf } from './simulated-sessions.js';

const window = { fromMs: nowMs - 14 * 86_400_000, untilMs: nowMs, newestAtMs: nowMs };

type Simulated = { now: Partial<Measurements>; before?: Partial<Measurements>; values?: Partial<Record<ParameterName, ParameterValue>> };

/** How often a rule sees its pattern: a proposal, or that it is there and nothing can be done about it. */
function seen(type: OpportunityRule['type'], runs: number, simulate: (random: () => number) => Simulated): { rate: Proportion; answers: RuleAnswer[] } {
  const rule = opportunityRules.find((candidate) => candidate.type === type) as OpportunityRule;
  const random = seededRandom(1);
  const answers = Array.from({ length: runs }, () => {
    const { now, before, values } = simulate(random);
    return rule.answer(factsOf(healthy(now), { before: before ? healthy(before) : null, values: values ?? {} }), rule);
  });
  return { rate: { successes: answers.filter((answer) => 'proposedValue' in answer || answer.verdict === 'undecidable').length, trials: runs }, answers };
}

function share(random: () => number, trials: number, rate: number): Proportion {
  return { successes: Array.from({ length: trials }, () => random() < rate).filter(Boolean).length, trials };
}

function summaryOf(values: readonly number[]): SampleSummary {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { n: values.length, mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) };
}

const restartsOf = (random: () => number, waitedMs: number) => {
  const group = (ms: number) => ({ downtimeMs: summaryOf(Array.from({ length: 60 }, () => ms + exponential(random, 400))), crashedAgain: share(random, 60, 0.3) });
  return { restartsAfterCrash: { atOnce: group(300), waited: group(300 + waitedMs) }, downtimeMs: { n: 400, mean: 300 + waitedMs / 4, variance: 4e6 } };
};
const resumesOf = (random: () => number, rate: number) => ({ failedResumes: { native: share(random, 200, rate), fork: { successes: 0, trials: 0 }, brief: { successes: 0, trials: 0 } } });
const lognormal = (random: () => number, scale: number) => summaryOf(Array.from({ length: 200 }, () => scale * Math.exp(0.8 * normal(random))));
const checkpointsOf = (random: () => number, slowRate: number) => {
  const durations = Array.from({ length: 400 }, () => (random() < slowRate ? 200 : 30));
  const { buckets, totalMs } = checkpointTimes(durations);
  return { checkpoints: { ...healthy().checkpoints, bounds: healthy().checkpoints?.bounds ?? [], counts: buckets, total: totalMs } };
};
const silencesOf = (random: () => number, longShare: number) => ({
  silences: histogramOf(silenceBoundsMs, Array.from({ length: 1_500 }, () => (random() < longShare ? 400_000 : 20_000))),
  hangs: { successes: 30, trials: 1_530 },
  lostTimeMs: { n: 400, mean: 60_000, variance: 3.6e9 },
});
const contextOf = (random: () => number, hazardAt: (use: number) => number) => {
  const measured = measureSessions(Array.from({ length: 300 }, () => sessionOf([attemptByContext(random, hazardAt)])), window);
  return { contextUse: measured.contextUse, sessions: measured.sessions };
};
// 2 s a checkpoint and 25 minutes between failures: 77.5 s, by Young and Daly.
const optimumMs = Math.sqrt(2 * 2_000 * 25 * minuteMs);
const timedBy = (random: () => number, intervalMs: number): Simulated => ({
  now: measureSessions(Array.from({ length: 60 }, () => sessionByTime(random, { intervalMs, checkpointMs: 2_000, meanTimeBetweenFailuresMs: 25 * minuteMs, runningMs: 60 * minuteMs })), window),
  values: { checkpoint_interval: intervalMs / minuteMs },
});

const runs = 300;

describe('a rule, over many windows', () => {
  it.each<[OpportunityRule['type'], string, (random: () => number) => Simulated]>([
    ['crash_rate', 'crashes come at any context use alike', (random) => ({ now: contextOf(random, () => 0.03) })],
    ['resume_reliability', 'exactly as many resumes fail as may', (random) => ({ now: resumesOf(random, 0.1) })],
    ['checkpoint_interval', "the interval is Young and Daly's", (random) => timedBy(random, optimumMs)],
    ['hang_detection', 'exactly one in a hundred is silent for half the time-out', (random) => ({ now: silencesOf(random, 0.01) })],
    ['backoff', 'who waited was down no longer', (random) => ({ now: restartsOf(random, 0) })],
    ['token_cost', 'tokens rose by exactly as much as they may', (random) => ({ now: { tokens: lognormal(random, 1_200) }, before: { tokens: lognormal(random, 1_000) } })],
    ['supervisor_restart', 'exactly one restart in ten is slow', (random) => ({ now: { restarts: histogramOf(restartBoundsMs, Array.from({ length: 300 }, () => (random() < 0.1 ? 20_000 : 800))) } })],
    ['checkpoint_performance', 'exactly one checkpoint in twenty is slow', (random) => ({ now: checkpointsOf(random, 0.05) })],
    ['monitor_latency', 'exactly one look in twenty is slow', (random) => ({ now: { monitorLooks: histogramOf([25, 50], Array.from({ length: 400 }, () => (random() < 0.05 ? 40 : 5))) } })],
  ])('of %s is wrong no more often than it says, where %s', (type, _where, simulate) => {
    const { rate } = seen(type, runs, simulate);
    expect(clopperPearson(rate, 0.02).lower).toBeLessThanOrEqual(ruleAlpha);
  });

  it.each<[OpportunityRule['type'], string, (random: () => number) => Simulated]>([
    ['crash_rate', 'the hazard is tenfold above .6', (random) => ({ now: contextOf(random, (use) => (use > 0.6 ? 0.2 : 0.02)) })],
    ['resume_reliability', 'one resume in four fails', (random) => ({ now: resumesOf(random, 0.25) })],
    ['checkpoint_interval', "the interval is five times Young and Daly's", (random) => timedBy(random, 5 * optimumMs)],
    ['checkpoint_interval', "the interval is a fifth of Young and Daly's", (random) => timedBy(random, optimumMs / 5)],
    ['hang_detection', 'hardly anybody is silent for half the time-out', (random) => ({ now: silencesOf(random, 0.001) })],
    ['backoff', 'who waited was down for 2 s more', (random) => ({ now: restartsOf(random, 2_000) })],
    ['token_cost', 'tokens rose by three quarters', (random) => ({ now: { tokens: lognormal(random, 1_750) }, before: { tokens: lognormal(random, 1_000) } })],
    ['supervisor_restart', 'one restart in four is slow', (random) => ({ now: { restarts: histogramOf(restartBoundsMs, Array.from({ length: 300 }, () => (random() < 0.25 ? 20_000 : 800))) } })],
    ['checkpoint_performance', 'one checkpoint in six is slow', (random) => ({ now: checkpointsOf(random, 1 / 6) })],
    ['monitor_latency', 'one look in six is slow', (random) => ({ now: { monitorLooks: histogramOf([25, 50], Array.from({ length: 400 }, () => (random() < 1 / 6 ? 40 : 5))) } })],
  ])('of %s sees in most of them that %s', (type, _where, simulate) => {
    const { rate } = seen(type, 60, simulate);
    expect(rate.successes / rate.trials).toBeGreaterThan(0.8);
  });

  it('has the true optimum within the interval it tells, in about nineteen of twenty', () => {
    const { answers } = seen('checkpoint_interval', runs, (random) => timedBy(random, 5 * optimumMs));
    const intervals = answers.flatMap((answer) => ('interval' in answer ? [answer.interval] : []));
    const held = intervals.filter(({ lower, upper }) => (lower ?? 0) <= optimumMs / minuteMs && (upper ?? Number.POSITIVE_INFINITY) >= optimumMs / minuteMs).length;
    expect(clopperPearson({ successes: held, trials: intervals.length }, 0.02).upper).toBeGreaterThanOrEqual(0.95);
  });
});
