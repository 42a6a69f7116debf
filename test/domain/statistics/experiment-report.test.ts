import { describe, expect, it } from 'vitest';
import { reportExperiment, sumRows, type SessionRow } from '../../../domain/statistics/experiment-report.js';
import { seededRandom } from '../../../domain/statistics/seeded-random.js';
import { statisticsErrorCodes } from '../../../domain/statistics/statistics-error.js';

const guardrails = [{ goodDirection: 'lower', margin: 0.1 }, { goodDirection: 'higher', margin: 0.1 }] as const;

/** Treatment has 1 more of the primary metric, the second guardrail .5 less. */
function rows(sessions: number): SessionRow[] {
  const random = seededRandom(9);
  return Array.from({ length: sessions }, (_, at) => {
    const arm = at % 2 === 0 ? 'control' : 'treatment';
    const covariate = random() * 10;
    return { arm, covariate, values: [covariate + random() + (arm === 'treatment' ? 1 : 0), random(), random() - (arm === 'treatment' ? 0.5 : 0)] };
  });
}

describe('an experiment report', () => {
  it('finds the effect, more sharply with the covariate, and the guardrail that was harmed', () => {
    const report = reportExperiment(sumRows(rows(2_000), 2), { guardrails });
    expect(report.sampleRatioPValue).toBe(1);
    expect(report.adjusted.difference).toBeCloseTo(1, 1);
    expect(report.adjusted.standardError).toBeLessThan(report.primary.standardError / 5);
    expect(report.adjusted.theta).toBeCloseTo(1, 1);
    expect(report.guardrails.map(({ finding }) => finding)).toEqual(['non_inferior', 'harmed']);
  });

  it('tells a broken assignment', () => {
    const all = rows(2_000);
    const lost = all.filter((row, at) => row.arm === 'control' || at % 5 !== 0);
    expect(reportExperiment(sumRows(lost, 2), { guardrails }).sampleRatioPValue).toBeLessThan(1e-4);
  });

  it('refuses rows of another shape, values that are no numbers, and an empty arm', () => {
    expect(() => sumRows([{ arm: 'control', values: [1], covariate: 0 }], 2)).toThrow(expect.objectContaining({ code: statisticsErrorCodes.outOfRange }));
    expect(() => sumRows([{ arm: 'control', values: [1, Number.NaN, 0], covariate: 0 }], 2)).toThrow(expect.objectContaining({ code: statisticsErrorCodes.notFinite }));
    const oneArm = rows(100).filter(({ arm }) => arm === 'control');
    expect(() => reportExperiment(sumRows(oneArm, 2), { guardrails })).toThrow(expect.objectContaining({ code: statisticsErrorCodes.tooFew }));
  });
});
