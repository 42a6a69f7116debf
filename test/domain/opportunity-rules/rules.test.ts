import { describe, expect, it } from 'vitest';
import { checkpointTimeBoundsMs } from '../../../domain/checkpoint-times.js';
import { histogramOf } from '../../../domain/histogram.js';
import { contextUseBounds, monitorBoundsMs, restartBoundsMs, silenceBoundsMs, unknownMeasurements, type Measurements } from '../../../domain/opportunity-rules/measurements.js';
import type { OpportunityRule, RuleAnswer } from '../../../domain/opportunity-rules/rule.js';
import { opportunityRules } from '../../../domain/opportunity-rules/rules.js';
import type { ParameterName, ParameterValue } from '../../../domain/parameter-table.js';
import { checkParameterValue } from '../../../domain/parameter-table.js';
import { factsOf, healthy, nowMs } from './simulated-sessions.js';

function ruleOf(type: OpportunityRule['type']): OpportunityRule {
  return opportunityRules.find((rule) => rule.type === type) as OpportunityRule;
}

interface Situation {
  before?: Measurements;
  values?: Partial<Record<ParameterName, ParameterValue>>;
}

function ask(type: OpportunityRule['type'], now: Partial<Measurements>, situation: Situation = {}): RuleAnswer {
  const rule = ruleOf(type);
  return rule.answer(factsOf(healthy(now), situation), rule);
}

const times = (counts: readonly [value: number, count: number][]) => counts.flatMap(([value, count]) => Array.from({ length: count }, () => value));

/** Crashes above .6 alone, of attempts that went on to .72. */
const lateCrashes = { contextUse: { crashed: histogramOf(contextUseBounds, times([[0.68, 40]])), ended: histogramOf(contextUseBounds, times([[0.3, 180], [0.74, 180]])) }, sessions: { crashed: { successes: 40, trials: 400 }, failedResume: { successes: 1, trials: 400 } } };
const slowCheckpoints = { checkpoints: histogramOf(checkpointTimeBoundsMs, times([[30, 300], [200, 100]])) };
const failingResumes = { failedResumes: { native: { successes: 30, trials: 100 }, fork: { successes: 0, trials: 0 }, brief: { successes: 0, trials: 0 } }, sessions: { crashed: { successes: 60, trials: 400 }, failedResume: { successes: 25, trials: 400 } } };
const slowRestarts = { restarts: histogramOf(restartBoundsMs, times([[800, 100], [20_000, 60]])) };
const dearTokens = { tokens: { n: 400, mean: 1_600, variance: 250_000 } };
const hangsOfQuietAgents = { hangs: { successes: 12, trials: 1_200 }, silences: histogramOf(silenceBoundsMs, times([[20_000, 1_188]])), lostTimeMs: { n: 400, mean: 30_000, variance: 9e8 } };
const hangsOfBusyAgents = { hangs: { successes: 12, trials: 1_200 }, silences: histogramOf(silenceBoundsMs, times([[20_000, 1_000], [200_000, 60], [400_000, 128]])), lostTimeMs: { n: 400, mean: 30_000, variance: 9e8 } };
const longBackOffs = { downtimeMs: { n: 400, mean: 2_000, variance: 9e6 }, restartsAfterCrash: { atOnce: { downtimeMs: { n: 100, mean: 500, variance: 10_000 }, crashedAgain: { successes: 30, trials: 100 } }, waited: { downtimeMs: { n: 100, mean: 6_500, variance: 4e6 }, crashedAgain: { successes: 32, trials: 100 } } } };
// 30 ms a checkpoint and an hour between failures: 14.7 s.
const rareCheckpoints = { failures: { crashes: 40, runningMs: 40 * 3_600_000, dispersion: 1.2 }, checkpoints: { bounds: checkpointTimeBoundsMs, counts: [0, 0, 0, 240, 0, 0, 0, 0, 0, 0, 0, 0], total: 240 * 30 } };

describe('an opportunity rule', () => {
  it.each<[OpportunityRule['type'], string, Partial<Measurements>, Situation, unknown]>([
    ['crash_rate', 'crashes come late in the context', lateCrashes, {}, 0.65],
    ['resume_reliability', 'resumes fail', failingResumes, {}, 'fork'],
    ['resume_reliability', 'resumes by fork fail', failingResumes, { values: { resume_strategy: 'fork' } }, 'brief'],
    ['checkpoint_interval', 'checkpoints are too rare', rareCheckpoints, {}, 0.245],
    ['hang_detection', 'hangs are noticed late', hangsOfQuietAgents, {}, 300_000],
    ['hang_detection', 'attempts that would go on are ended', hangsOfBusyAgents, {}, 1_200_000],
    ['backoff', 'back-offs are long and of no use', longBackOffs, {}, 500],
    ['token_cost', 'tokens have risen', dearTokens, { before: healthy() }, 'fork'],
    ['supervisor_restart', 'restarts are slow and in sequence', slowRestarts, { values: { restart_strategy: 'sequential_init' } }, 'parallel_init'],
    ['checkpoint_performance', 'checkpoints are slow and too many', { ...slowCheckpoints, failures: { crashes: 20, runningMs: 400 * 30_000, dispersion: 1 } }, { values: { checkpoint_interval: 0.01 } }, 0.155],
  ])('%s proposes a value where %s', (type, _where, now, situation, proposedValue) => {
    const answer = ask(type, now, situation);
    expect(answer).toMatchObject({ proposedValue, confidence: expect.any(Number), pattern: expect.any(String), hypothesis: expect.any(String), rationale: expect.any(String) });
    const proposal = answer as Extract<RuleAnswer, { impact: number }>;
    expect(proposal.confidence).toBeGreaterThan(0.95);
    expect(proposal.impact).toBeLessThan(0);
    expect(proposal.impact).toBeGreaterThanOrEqual(-1);
    expect(checkParameterValue(ruleOf(type).parameter, proposal.proposedValue)).toBe(proposal.proposedValue);
  });

  it.each<[OpportunityRule['type'], Situation]>(opportunityRules.map(({ type }) => [type, { before: healthy() }]))('%s finds all well where it is', (type, situation) => {
    expect(ask(type, {}, { ...situation, values: { checkpoint_interval: 3 } })).toMatchObject({ verdict: 'well' });
  });

  it.each(opportunityRules.map(({ type }) => type))('%s says that nothing is known where nothing is', (type) => {
    const rule = ruleOf(type);
    const nothing = unknownMeasurements({ fromMs: 0, untilMs: nowMs, newestAtMs: nowMs });
    expect(rule.answer(factsOf(nothing), rule)).toMatchObject({ verdict: 'not_enough_data', message: expect.stringContaining('nothing is known of') });
  });

  it.each<[OpportunityRule['type'], Partial<Measurements>, Situation, string]>([
    ['crash_rate', { contextUse: { crashed: histogramOf(contextUseBounds, times([[0.68, 9]])), ended: lateCrashes.contextUse.ended } }, {}, '9 first crashes with a known context use of 10 wanted'],
    ['resume_reliability', { failedResumes: { native: { successes: 19, trials: 19 }, fork: { successes: 0, trials: 0 }, brief: { successes: 0, trials: 0 } } }, {}, '19 resumes of 20 wanted'],
    ['checkpoint_interval', { failures: { crashes: 9, runningMs: 3_600_000, dispersion: 1 } }, {}, '9 crashes of 10 wanted'],
    ['hang_detection', { silences: histogramOf(silenceBoundsMs, times([[20_000, 99]])), hangs: { successes: 12, trials: 120 } }, {}, '99 attempts that went on after their longest silence of 100 wanted'],
    ['backoff', { restartsAfterCrash: { ...longBackOffs.restartsAfterCrash, waited: { downtimeMs: { n: 29, mean: 6_500, variance: 4e6 }, crashedAgain: { successes: 9, trials: 29 } } } }, {}, '29 restarts after a back-off of 30 wanted'],
    ['token_cost', { tokens: { n: 49, mean: 9_000, variance: 250_000 } }, { before: healthy() }, '49 sessions in each of two windows of 50 wanted'],
    ['supervisor_restart', { restarts: histogramOf(restartBoundsMs, times([[20_000, 29]])) }, {}, '29 restarts of 30 wanted'],
    ['checkpoint_performance', { checkpoints: histogramOf(checkpointTimeBoundsMs, times([[200, 99]])) }, {}, '99 checkpoints of 100 wanted'],
    ['monitor_latency', { monitorLooks: histogramOf(monitorBoundsMs, times([[60, 99]])) }, {}, '99 looks of 100 wanted'],
  ])('%s does not judge one observation too few, however bad they look', (type, now, situation, message) => {
    expect(ask(type, now, situation)).toEqual({ verdict: 'not_enough_data', message });
  });

  it.each<[OpportunityRule['type'], string, Partial<Measurements>, Situation]>([
    ['monitor_latency', 'no parameter makes them faster', { monitorLooks: histogramOf(monitorBoundsMs, times([[2, 300], [60, 100]])) }, {}],
    ['supervisor_restart', 'has nothing left to give', slowRestarts, {}],
    ['resume_reliability', 'last rung', failingResumes, { values: { resume_strategy: 'brief' } }],
    ['resume_reliability', 'fork fails as often', { ...failingResumes, failedResumes: { ...failingResumes.failedResumes, fork: { successes: 30, trials: 60 } } }, {}],
    ['token_cost', 'takes the fewest', dearTokens, { before: healthy(), values: { resume_strategy: 'brief' } }],
    ['checkpoint_performance', 'there should not be fewer', { ...slowCheckpoints, failures: { crashes: 40, runningMs: 40 * 60_000, dispersion: 1 } }, {}],
  ])('%s tells of what no experiment can change: %s', (type, message, now, situation) => {
    expect(ask(type, now, situation)).toMatchObject({ verdict: 'undecidable', message: expect.stringContaining(message) });
  });

  it('proposes from what another rung of the ladder came to, where that was tried often enough', () => {
    const answer = ask('resume_reliability', { ...failingResumes, failedResumes: { ...failingResumes.failedResumes, fork: { successes: 6, trials: 60 } } });
    expect(answer).toMatchObject({ proposedValue: 'fork', impact: expect.closeTo(-2 / 3, 6) });
  });

  it('leaves a back-off alone that makes crashes seldomer', () => {
    const { atOnce, waited } = longBackOffs.restartsAfterCrash;
    const answer = ask('backoff', { ...longBackOffs, restartsAfterCrash: { atOnce: { ...atOnce, crashedAgain: { successes: 50, trials: 100 } }, waited: { ...waited, crashedAgain: { successes: 5, trials: 100 } } } });
    expect(answer).toMatchObject({ verdict: 'well', message: expect.stringContaining('crashed less often after it') });
  });

  it('goes by the hazard, and not by the share of those who got far that crashed', () => {
    // At each twentieth one in ten crashes, and one in ten has done its task; after .55 only who crashes is left.
    const crashed: number[] = [];
    const ended: number[] = [];
    let alive = 2_000;
    for (let use = 0.025; use < 0.75; use += 0.05) {
      const here = Math.round(alive / 10);
      crashed.push(...times([[use, here]]));
      if (use < 0.55) ended.push(...times([[use, here]]));
      alive -= use < 0.55 ? 2 * here : here;
    }
    ended.push(...times([[0.75, alive]]));
    const even = { crashed: histogramOf(contextUseBounds, crashed), ended: histogramOf(contextUseBounds, ended) };
    expect(ask('crash_rate', { contextUse: even })).toMatchObject({ verdict: 'well' });
  });

  it('spreads crashes that come in bursts over a wider interval', () => {
    const calm = ask('checkpoint_interval', rareCheckpoints) as Extract<RuleAnswer, { impact: number }>;
    const bursty = ask('checkpoint_interval', { ...rareCheckpoints, failures: { ...rareCheckpoints.failures, dispersion: 9 } }) as Extract<RuleAnswer, { impact: number }>;
    expect(bursty.interval.upper).toBeGreaterThan(calm.interval.upper as number);
    expect(bursty.interval.lower).toBeLessThan(calm.interval.lower as number);
  });
});
