import { describe, expect, it } from 'vitest';
import { judgeSafety, safetyBoundsSchema, type ArmOutcomes, type SafetyFinding } from '../../domain/safety-bounds.js';

const bounds = { crashRate: { max: 0.1 }, checkpointTime: { max: 100 }, resumeSuccessRate: { min: 0.9 }, tokenCost: { maxIncrease: 0.2 } };

/** An arm of which nothing is amiss. */
function healthy(change: Partial<ArmOutcomes> = {}): ArmOutcomes {
  return {
    crashes: { successes: 40, trials: 1_000 },
    sessionsWithFailedResume: { successes: 10, trials: 1_000 },
    slowCheckpointShare: { n: 1_000, mean: 0.01, variance: 0.01 },
    failedResumeShare: { n: 500, mean: 0.02, variance: 0.02 },
    tokens: { n: 1_000, mean: 50_000, variance: 1e8 },
    ...change,
  };
}

function find(findings: SafetyFinding[], bound: string, arm: string): SafetyFinding | undefined {
  return findings.find((one) => one.bound === bound && one.arm === arm);
}

describe('safety bounds', () => {
  it('pass where the limits of both arms lie inside all of them', () => {
    const findings = judgeSafety(bounds, { control: healthy(), treatment: healthy() });
    expect(findings).toHaveLength(7);
    expect(findings.map(({ verdict }) => verdict)).toEqual(findings.map(() => 'passed'));
  });

  it('are violated by the arm that does it, and by no other', () => {
    const findings = judgeSafety(bounds, { control: healthy(), treatment: healthy({ crashes: { successes: 300, trials: 1_000 } }) });
    expect(find(findings, 'crashRate', 'treatment')).toMatchObject({ verdict: 'violated', kind: 'absolute', limit: 0.1 });
    expect(findings.filter(({ verdict }) => verdict === 'violated')).toHaveLength(1);
    expect(find(findings, 'crashRate', 'treatment')?.message).toMatch(/^crashRate violated in treatment: the share of sessions that crash lies between 0\.\d+ and 0\.\d+$/);
  });

  it('are not judged by raw means: the original example of 12 and 8 crashes in 100 sessions is insufficient', () => {
    const findings = judgeSafety({ crashRate: { max: 0.1 } }, { control: healthy({ crashes: { successes: 12, trials: 100 } }), treatment: healthy({ crashes: { successes: 8, trials: 100 } }) });
    expect(findings.map(({ verdict }) => verdict)).toEqual(['insufficient', 'insufficient']);
  });

  it('say insufficient of arms without data', () => {
    const nobody = { successes: 0, trials: 0 };
    const nothing = { n: 0, mean: 0, variance: 0 };
    const empty = { crashes: nobody, sessionsWithFailedResume: nobody, slowCheckpointShare: nothing, failedResumeShare: nothing, tokens: nothing };
    expect(judgeSafety(bounds, { control: empty, treatment: empty }).map(({ verdict }) => verdict)).toEqual(Array.from({ length: 7 }, () => 'insufficient'));
  });

  it('that control itself breaks become a comparison, so that an improvement is not blocked', () => {
    const bad = healthy({ crashes: { successes: 6_000, trials: 20_000 } });
    const better = healthy({ crashes: { successes: 4_000, trials: 20_000 } });
    const worse = healthy({ crashes: { successes: 7_000, trials: 20_000 } });
    expect(find(judgeSafety(bounds, { control: bad, treatment: better }), 'crashRate', 'treatment')).toMatchObject({ kind: 'relative', verdict: 'passed' });
    expect(find(judgeSafety(bounds, { control: bad, treatment: worse }), 'crashRate', 'treatment')).toMatchObject({ kind: 'relative', verdict: 'violated' });
  });

  it('that control is seen above, but not shown to break, are compared too: equal arms are not rolled back', () => {
    const control = healthy({ crashes: { successes: 112, trials: 1_000 } });
    const treatment = healthy({ crashes: { successes: 135, trials: 1_000 } });
    expect(find(judgeSafety(bounds, { control, treatment }), 'crashRate', 'control')?.verdict).toBe('insufficient');
    expect(find(judgeSafety(bounds, { control, treatment }), 'crashRate', 'treatment')).toMatchObject({ kind: 'relative', verdict: 'insufficient' });
  });

  it('that neither arm is shown to keep or to break pass where treatment is shown to be no worse', () => {
    const near = { control: healthy({ crashes: { successes: 95, trials: 1_000 } }), treatment: healthy({ crashes: { successes: 90, trials: 1_000 } }) };
    expect(find(judgeSafety(bounds, near), 'crashRate', 'treatment')).toMatchObject({ kind: 'absolute', verdict: 'insufficient' });
    const shown = judgeSafety(bounds, near, undefined, { crashes: { lower: -0.05, upper: 0.02 } });
    expect(find(shown, 'crashRate', 'treatment')).toMatchObject({ kind: 'relative', limit: 0.02, verdict: 'passed' });
  });

  it('judge failed resumes by the sessions that have one, against control; the absolute bound is about control alone', () => {
    const bad = { sessionsWithFailedResume: { successes: 300, trials: 1_000 }, failedResumeShare: { n: 500, mean: 0.4, variance: 0.2 } };
    const ofBoth = judgeSafety(bounds, { control: healthy(bad), treatment: healthy(bad) });
    expect(find(ofBoth, 'resumeSuccessRate', 'control')).toMatchObject({ kind: 'absolute', verdict: 'violated' });
    expect(find(ofBoth, 'resumeSuccessRate', 'treatment')?.verdict).toBe('insufficient');
    expect(find(judgeSafety(bounds, { control: healthy(), treatment: healthy(bad) }), 'resumeSuccessRate', 'treatment')).toMatchObject({ kind: 'relative', verdict: 'violated' });
  });

  it('judge tokens by their increase over control', () => {
    const judge = (mean: number) => find(judgeSafety(bounds, { control: healthy(), treatment: healthy({ tokens: { n: 1_000, mean, variance: 1e8 } }) }), 'tokenCost', 'treatment')?.verdict;
    expect([judge(50_000), judge(60_000), judge(75_000)]).toEqual(['passed', 'insufficient', 'violated']);
  });

  it('cannot be given as nonsense', () => {
    expect(safetyBoundsSchema.safeParse({ crashRate: { max: 1.5 } }).success).toBe(false);
    expect(safetyBoundsSchema.safeParse({ crashrate: { max: 0.1 } }).success).toBe(false);
    expect(safetyBoundsSchema.parse(bounds)).toEqual(bounds);
  });
});
