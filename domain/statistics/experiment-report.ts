import { requireCount } from './arguments.js';
import { cuped, type CovariateSums } from './cuped.js';
import type { Arms, SampleSummary } from './interval.js';
import { neededSessions } from './needed-sessions.js';
import { judgeGuardrail, type Guardrail, type GuardrailFinding } from './non-inferiority.js';
import { sampleRatioTest } from './sample-ratio.js';
import { StatisticsError, statisticsErrorCodes } from './statistics-error.js';
import { welchTest, type MeanComparison } from './welch.js';

/** What is measured of one session. */
export interface SessionRow {
  arm: 'control' | 'treatment';
  /** The primary metric first, then the guardrails. */
  values: readonly number[];
  /** What was known of the primary metric before the exposure; 0 for all where nothing was. */
  covariate: number;
}

/** One arm's sums: all that a report needs, whatever the number of sessions. */
export interface ArmSums {
  n: number;
  /** Of the primary metric and its covariate. */
  primary: CovariateSums;
  /** Sums and sums of squares of each guardrail. */
  guardrails: { sum: number; sumOfSquares: number }[];
}

export interface ReportOptions {
  alpha?: number;
  /** Of control and treatment, as assigned. */
  shares?: readonly [number, number];
  /** In the order of the rows' values after the first. */
  guardrails: readonly Guardrail[];
}

export interface ExperimentReport {
  /** p of the sample ratio; below .001 nothing else here is to be believed. */
  sampleRatioPValue: number;
  primary: MeanComparison;
  /** The same with what the covariate explains taken out. */
  adjusted: MeanComparison & { theta: number; varianceReduction: number };
  guardrails: (MeanComparison & { finding: GuardrailFinding })[];
  /** Sessions of control that one look needs to find a primary difference such as is seen, power .8; null where none is seen. */
  neededSessions: number | null;
}

/**
 * The sums of both arms, in one pass.
 *
 * @param guardrails how many values each row has after the first. @throws StatisticsError OutOfRange where a row has another
 * number of them, NotFinite where one is no number.
 */
export function sumRows(rows: Iterable<SessionRow>, guardrails: number): Arms<ArmSums> {
  requireCount('guardrails', guardrails);
  const arms = { control: noSums(guardrails), treatment: noSums(guardrails) };
  for (const { arm, values, covariate } of rows) {
    if (values.length !== guardrails + 1) throw new StatisticsError(statisticsErrorCodes.outOfRange, `a row has ${values.length} values, not ${guardrails + 1}`);
    const sums = arms[arm];
    const { primary } = sums;
    const value = values[0] as number;
    sums.n += 1;
    primary.n += 1;
    primary.sumPost += value;
    primary.sumPre += covariate;
    primary.sumPostSquared += value * value;
    primary.sumPreSquared += covariate * covariate;
    primary.sumProduct += value * covariate;
    for (let at = 0; at < guardrails; at += 1) {
      const guardrail = sums.guardrails[at] as ArmSums['guardrails'][number];
      const measured = values[at + 1] as number;
      guardrail.sum += measured;
      guardrail.sumOfSquares += measured * measured;
    }
  }
  // Infinity and NaN are seen in the sums as well as in the rows.
  for (const { primary, guardrails: sums } of [arms.control, arms.treatment]) {
    const isWhole = Number.isFinite(primary.sumPostSquared + primary.sumPreSquared) && sums.every(({ sumOfSquares }) => Number.isFinite(sumOfSquares));
    if (!isWhole) throw new StatisticsError(statisticsErrorCodes.notFinite, 'a row has a value that is no finite number');
  }
  return arms;
}

/**
 * A fixed-horizon report of an experiment: sample ratio, primary metric, plain and by CUPED, and every guardrail by Welch's
 * test and a two-sided interval. For people to read at the end; the loop's verdicts come from sequential methods.
 *
 * @throws StatisticsError as welchTest, cuped and judgeGuardrail do.
 */
export function reportExperiment({ control, treatment }: Arms<ArmSums>, { alpha = 0.05, shares = [1, 1], guardrails }: ReportOptions): ExperimentReport {
  const primary = { control: primaryOf(control), treatment: primaryOf(treatment) };
  const { theta, varianceReduction, adjusted } = cuped({ control: control.primary, treatment: treatment.primary });
  return {
    sampleRatioPValue: sampleRatioTest([control.n, treatment.n], shares).pValue,
    primary: welchTest(primary, { alpha }),
    neededSessions: neededSessions(primary, { alpha }),
    adjusted: { ...welchTest(adjusted, { alpha }), theta, varianceReduction },
    guardrails: guardrails.map((guardrail, at) => {
      const comparison = welchTest({ control: guardrailOf(control, at), treatment: guardrailOf(treatment, at) }, { alpha });
      return { ...comparison, finding: judgeGuardrail(comparison.interval, guardrail) };
    }),
  };
}

function noSums(guardrails: number): ArmSums {
  return { n: 0, primary: { n: 0, sumPost: 0, sumPre: 0, sumPostSquared: 0, sumPreSquared: 0, sumProduct: 0 }, guardrails: Array.from({ length: guardrails }, () => ({ sum: 0, sumOfSquares: 0 })) };
}

function primaryOf({ primary: { n, sumPost, sumPostSquared } }: ArmSums): SampleSummary {
  return summaryOf(n, sumPost, sumPostSquared);
}

function guardrailOf({ n, guardrails }: ArmSums, at: number): SampleSummary {
  const sums = guardrails[at];
  if (!sums) throw new StatisticsError(statisticsErrorCodes.outOfRange, `there is no guardrail ${at + 1} in the sums`);
  return summaryOf(n, sums.sum, sums.sumOfSquares);
}

function summaryOf(n: number, sum: number, sumOfSquares: number): SampleSummary {
  return { n, mean: n > 0 ? sum / n : 0, variance: n > 1 ? Math.max(0, sumOfSquares - (sum * sum) / n) / (n - 1) : 0 };
}
