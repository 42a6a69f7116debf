import { formatDuration } from '../duration.js';
import { countAbove, histogramCount } from '../histogram.js';
import { formatShare } from '../share.js';
import { claimShare, shareInterval } from './claims.js';
import { ruleAlpha, tooFew, undecidable, unknown, well, type OpportunityRule } from './rule.js';

/** A restart is to take no longer, ms, but for one in ten. */
const limitMs = 5_000;
const slowShare = 0.1;

/** Downtime that a plan is to save, ratio. */
const plannedFor = -0.5;

export const supervisorRestartRule: OpportunityRule = {
  type: 'supervisor_restart',
  parameter: 'restart_strategy',
  metric: 'downtime',
  description: 'restarts take longer than 5 s, and the sessions of a host begin one after another',
  alpha: ruleAlpha,
  minimum: { count: 30, of: 'restarts' },
  answer({ now, values }, rule) {
    const { restarts, downtimeMs, sessions } = now;
    if (restarts === null || downtimeMs === null || sessions === null) return unknown('the time that restarts take');
    const made = histogramCount(restarts);
    const few = tooFew(made, rule);
    if (few !== null) return few;
    const slow = { successes: countAbove(restarts, limitMs), trials: made };
    const claim = claimShare(slow, 'above', slowShare, rule.alpha);
    const pattern = `${formatShare(claim.share)} of ${made} restarts took longer than ${formatDuration(limitMs)}, where ${formatShare(slowShare)} may`;
    if (!claim.shown) return well(`${pattern} (p ${claim.pValue.toPrecision(2)})`);
    if (values.restart_strategy !== 'sequential_init') return undecidable(`${pattern}; sessions begin at the same time already, so that restart_strategy has nothing left to give`);
    return {
      pattern,
      hypothesis: `sessions that begin at the same time after a boot are down for ${formatShare(-plannedFor)} less`,
      confidence: 1 - claim.pValue,
      interval: shareInterval(slow, rule.alpha, rule.minimum.count),
      impact: plannedFor,
      rationale: `the other of two strategies; what it saves is not known from restarts one after another, so that the plan is for ${formatShare(-plannedFor)}, in boots of a host`,
      proposedValue: 'parallel_init',
      sampleSize: sessions.crashed.trials,
      baseline: { mean: downtimeMs.mean, standardDeviation: Math.sqrt(downtimeMs.variance) },
    };
  },
};
