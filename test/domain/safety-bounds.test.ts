import { describe, expect, it } from 'vitest';
import { judgeSafety, safetyBoundsSchema, type ArmOutcomes, type SafetyFinding } from '../../domain/safety-bounds.js';

const bounds = { crashRate: { max: 0.1 }, checkpointTime: { max: 100 }, resumeSuccessRate: { min: 0.9 }, tokenCost: { maxIncrease: 0.2 } };

/** An arm of which nothing is amiss. */
function healthy(change: Partial<ArmOutcomes> = {}): ArmOutcomes {
  return {
    crashes: { successes: 40, trials: 1_000 },
    slowCheckpoints: { successes: 20, trials: 2_000 },
    failedResumes: { successes: 10, trials: 500 },
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
    const empty = { crashes: nobody, slowCheckpoints: nobody, failedResumes: nobody, tokens: { n: 0, mean: 0, variance: 0 } };
    expect(judgeSafety(bounds, { control: empty, treatment: empty }).map(({ verdict }) => verdict)).toEqual(Array.from({ length: 7 }, () => 'insufficient'));
  });

  it('that control itself breaks become a comparison, so that an improvement is not blocked', () => {
    const bad = healthy({ crashes: { successes: 6_000, trials: 20_000 } });
    const better = healthy({ crashes: { successes: 4_000, trials: 20_000 } });
    const worse = healthy({ crashes: { successes: 7_000, trials: 20_000 } });
    expect(find(judgeSafety(bounds, { control: bad, treatment: better }), 'crashRate', 'treatment')).toMatchObject({ kind: 'relative', verdict: 'passed' });
    expect(find(judgeSafety(bounds, { control: bad, treatment: worse }), 'crashRate', 'treatment')).toMatchObject({ kind: 'relative', verdict: 'violated' });
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
