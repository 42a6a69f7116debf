import { formatDuration } from '../duration.js';
import { histogramCount, histogramMean, relativeErrorOfMean } from '../histogram.js';
import { parameterTable } from '../parameter-table.js';
import { formatShare } from '../share.js';
import { ruleAlpha, tooFew, unknown, well, type NoProposal, type OpportunityRule, type RuleFacts } from './rule.js';
import { againstInterval, lossRate, otherCheckpoints, youngDaly, type YoungDaly } from './young-daly.js';

/** A smaller saving is not worth an experiment, ratio. */
const leastSaving = 0.05;

/** Checkpoints below which their cost is not known. */
const leastCheckpoints = 20;

export const checkpointIntervalRule: OpportunityRule = {
  type: 'checkpoint_interval',
  parameter: 'checkpoint_interval',
  metric: 'lost_time',
  description: 'the interval is not the one of Young and Daly, sqrt(2 x checkpoint cost x mean time between failures)',
  alpha: ruleAlpha,
  minimum: { count: 10, of: 'crashes' },
  answer(facts, rule) {
    const theory = theoryOf(facts, rule);
    if ('verdict' in theory) return theory;
    const { presentMs, optimum, saving, proposedValue } = theory;
    const pValue = againstInterval(optimum, presentMs);
    const { lower, upper } = optimum.confidence;
    const interval = `${formatDuration(optimum.intervalMs)}, between ${formatDuration(lower)} and ${formatDuration(upper)}`;
    if (pValue > rule.alpha) return well(`the interval of ${formatDuration(presentMs)} is not told apart from Young and Daly's, ${interval}`);
    if (saving < leastSaving) return well(`Young and Daly's interval of ${interval} would save ${formatShare(Math.max(0, saving))} of the time lost`);
    return {
      pattern: `checkpoints every ${formatDuration(presentMs)}, where Young and Daly's interval is ${interval} (p ${pValue.toPrecision(2)})`,
      hypothesis: `a checkpoint every ${formatDuration(proposedValue * minuteMs)} in place of ${formatDuration(presentMs)} loses ${formatShare(saving)} less time`,
      confidence: 1 - pValue,
      interval: { lower: lower / minuteMs, upper: upper / minuteMs },
      impact: -saving,
      rationale: theory.rationale,
      proposedValue,
      sampleSize: theory.sessions,
      baseline: theory.baseline,
    };
  },
};

const minuteMs = 60_000;

/** What theory says of the interval. */
export interface IntervalTheory {
  presentMs: number;
  optimum: YoungDaly;
  /** Minutes, within what the parameter can be. */
  proposedValue: number;
  /** Share of the time lost that the proposed interval saves, ratio; negative where it loses more. */
  saving: number;
  rationale: string;
  sessions: number;
  baseline: { mean: number; standardDeviation: number };
}

/** The Young-Daly interval from what was measured, and what it would save; or why that cannot be said. */
export function theoryOf({ now, values }: RuleFacts, rule: OpportunityRule): IntervalTheory | NoProposal {
  const { failures, checkpoints, lostTimeMs, sessions, hangs } = now;
  if (failures === null) return unknown('crashes and the time that attempts ran');
  if (checkpoints === null) return unknown('the time that checkpoints take');
  if (lostTimeMs === null || sessions === null || hangs === null) return unknown('the time that sessions lose');
  const made = histogramCount(checkpoints);
  const few = tooFew(failures.crashes, rule);
  if (few !== null) return few;
  if (made < leastCheckpoints) return { verdict: 'not_enough_data', message: `${made} checkpoints of ${leastCheckpoints} wanted` };
  const checkpointMs = histogramMean(checkpoints) ?? 0;
  const checkpointRelativeError = relativeErrorOfMean(checkpoints);
  if (!(checkpointMs > 0) || checkpointRelativeError === undefined || !(failures.runningMs > 0)) return unknown('the time that checkpoints take, and how long attempts run');
  const optimum = youngDaly({ checkpointMs, checkpointRelativeError, crashes: failures.crashes, runningMs: failures.runningMs, dispersion: failures.dispersion ?? 1 }, rule.alpha);
  const presentMs = Number(values.checkpoint_interval) * minuteMs;
  const others = otherCheckpoints({ intervalMs: presentMs, madePerAttempt: made / hangs.trials, meanRunningMs: failures.runningMs / hangs.trials });
  const { values: range } = parameterTable.checkpoint_interval;
  const [min, max] = range.kind === 'number' ? [range.min, range.max] : [0, Number.MAX_VALUE];
  const proposedValue = Number(Math.min(max, Math.max(min, optimum.intervalMs / minuteMs)).toPrecision(3));
  const lossAt = (intervalMs: number) => lossRate(intervalMs, checkpointMs, optimum.meanTimeBetweenFailuresMs, others);
  const bursts = failures.dispersion === null ? '; crashes are taken as independent' : `; crashes vary ${failures.dispersion.toPrecision(2)} times as much as independent ones`;
  return {
    presentMs,
    optimum,
    proposedValue,
    saving: 1 - lossAt(proposedValue * minuteMs) / lossAt(presentMs),
    rationale: `Young-Daly: sqrt(2 x ${formatDuration(checkpointMs)} a checkpoint x ${formatDuration(optimum.meanTimeBetweenFailuresMs)} between failures), by ${failures.crashes} crashes in ${formatDuration(failures.runningMs)} of running${bursts}; checkpoints for other reasons come ${others === 0 ? 'never' : `every ${formatDuration(1 / others)}`}`,
    sessions: sessions.crashed.trials,
    baseline: { mean: lostTimeMs.mean, standardDeviation: Math.sqrt(lostTimeMs.variance) },
  };
}
