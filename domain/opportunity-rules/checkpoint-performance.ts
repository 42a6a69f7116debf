import { formatDuration } from '../duration.js';
import { countAbove, histogramCount } from '../histogram.js';
import { formatShare } from '../share.js';
import { theoryOf, checkpointIntervalRule } from './checkpoint-interval.js';
import { claimShare, shareInterval } from './claims.js';
import { ruleAlpha, tooFew, undecidable, unknown, well, type OpportunityRule } from './rule.js';

/** A 95th percentile is within a limit where at most this share is above it. */
const slowShare = 0.05;

export const checkpointPerformanceRule: OpportunityRule = {
  type: 'checkpoint_performance',
  parameter: 'checkpoint_interval',
  metric: 'lost_time',
  description: 'the 95th percentile of the time that a checkpoint takes is above its bound',
  alpha: ruleAlpha,
  minimum: { count: 100, of: 'checkpoints' },
  answer(facts, rule) {
    const { checkpoints } = facts.now;
    const limitMs = facts.bounds.checkpointTime?.max;
    if (limitMs === undefined) return well('no bound is set for the time that a checkpoint takes');
    if (checkpoints === null) return unknown('the time that checkpoints take');
    const made = histogramCount(checkpoints);
    const few = tooFew(made, rule);
    if (few !== null) return few;
    const slow = { successes: countAbove(checkpoints, limitMs), trials: made };
    const claim = claimShare(slow, 'above', slowShare, rule.alpha);
    const pattern = `${formatShare(claim.share)} of ${made} checkpoints took longer than ${formatDuration(limitMs)}, where ${formatShare(slowShare)} may`;
    if (!claim.shown) return well(`${pattern} (p ${claim.pValue.toPrecision(2)})`);
    // No parameter makes a checkpoint faster: what can be done about slow ones is to make them as seldom as theory allows.
    const theory = theoryOf(facts, checkpointIntervalRule);
    if ('verdict' in theory) return { ...theory, message: `${pattern}; whether fewer would do cannot be said: ${theory.message}` };
    const { presentMs, proposedValue, saving } = theory;
    if (proposedValue * 60_000 <= presentMs || saving <= 0) return undecidable(`${pattern}; no parameter makes one faster, and by Young and Daly there should not be fewer`);
    return {
      pattern,
      hypothesis: `a checkpoint every ${formatDuration(proposedValue * 60_000)} in place of ${formatDuration(presentMs)} loses ${formatShare(saving)} less time`,
      confidence: 1 - claim.pValue,
      interval: shareInterval(slow, rule.alpha, rule.minimum.count),
      impact: -saving,
      rationale: theory.rationale,
      proposedValue,
      sampleSize: theory.sessions,
      baseline: theory.baseline,
    };
  },
};
