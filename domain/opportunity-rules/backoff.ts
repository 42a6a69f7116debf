import { formatDuration } from '../duration.js';
import { parameterTable } from '../parameter-table.js';
import { formatShare } from '../share.js';
import { twoProportionTest } from '../statistics/two-proportions.js';
import { welchTest } from '../statistics/welch.js';
import { ruleAlpha, tooFew, unknown, well, type OpportunityRule } from './rule.js';

/** A step is a halving. */
const step = 2;

const leastSaving = 0.05;

export const backoffRule: OpportunityRule = {
  type: 'backoff',
  parameter: 'backoff_base',
  metric: 'downtime',
  description: 'sessions wait in back-offs for much of their downtime, and crash no less often after it',
  alpha: ruleAlpha,
  minimum: { count: 30, of: 'restarts after a back-off' },
  answer({ now, values }, rule) {
    const { restartsAfterCrash, downtimeMs, sessions } = now;
    if (restartsAfterCrash === null || downtimeMs === null || sessions === null) return unknown('restarts after a crash');
    const { atOnce, waited } = restartsAfterCrash;
    const few = tooFew(Math.min(waited.downtimeMs.n, atOnce.downtimeMs.n), rule);
    if (few !== null) return few;
    if (atOnce.downtimeMs.variance + waited.downtimeMs.variance <= 0) return unknown('how long restarts take');
    const { pValue, difference, interval } = welchTest({ control: atOnce.downtimeMs, treatment: waited.downtimeMs }, { alpha: rule.alpha, alternative: 'greater' });
    const total = downtimeMs.mean * downtimeMs.n;
    const saving = total <= 0 ? 0 : Math.min(0.9, (Math.max(0, difference) * waited.downtimeMs.n * (1 - 1 / step)) / total);
    const pattern = `${waited.downtimeMs.n} restarts waited for ${formatDuration(Math.max(0, difference))} more than those at once`;
    if (pValue > rule.alpha || saving < leastSaving) return well(`${pattern}; half the back-off would save ${formatShare(saving)} of the downtime (p ${pValue.toPrecision(2)})`);
    const helps = twoProportionTest({ control: atOnce.crashedAgain, treatment: waited.crashedAgain }, { alpha: rule.alpha, alternative: 'less' });
    if (helps.pValue <= rule.alpha) return well(`${pattern}, and crashed less often after it (difference ${formatShare(helps.difference)}, p ${helps.pValue.toPrecision(2)})`);
    const present = Number(values.backoff_base);
    const { values: range } = parameterTable.backoff_base;
    const proposedValue = Math.max(range.kind === 'number' ? range.min : 1, Math.round(present / step));
    if (proposedValue >= present) return well(`${pattern}; the back-off is as short as can be`);
    return {
      pattern: `${pattern}, and ${waited.crashedAgain.successes} of ${waited.crashedAgain.trials} crashed again, of those at once ${atOnce.crashedAgain.successes} of ${atOnce.crashedAgain.trials}`,
      hypothesis: `a first back-off of ${formatDuration(proposedValue)} in place of ${formatDuration(present)} saves ${formatShare(saving)} of the downtime, and crashes come no more often`,
      confidence: 1 - pValue,
      interval,
      impact: -saving,
      rationale: `half of it: back-offs double from the first, so that each is halved; who waited had crashed twice, which makes another crash likelier by itself`,
      proposedValue,
      sampleSize: sessions.crashed.trials,
      baseline: { mean: downtimeMs.mean, standardDeviation: Math.sqrt(downtimeMs.variance) },
    };
  },
};
