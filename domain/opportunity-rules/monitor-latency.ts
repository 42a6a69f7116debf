import { formatDuration } from '../duration.js';
import { countAbove, histogramCount } from '../histogram.js';
import { formatShare } from '../share.js';
import { claimShare } from './claims.js';
import { ruleAlpha, tooFew, undecidable, unknown, well, type OpportunityRule } from './rule.js';

/** One look at all live attempts is to take no longer, ms, but for one in twenty. */
const limitMs = 25;
const slowShare = 0.05;

/** What watches for hangs: it is told of, and no parameter makes it faster. */
export const monitorLatencyRule: OpportunityRule = {
  type: 'monitor_latency',
  parameter: 'hang_timeout',
  metric: 'lost_time',
  description: 'one look at all live attempts takes longer than 25 ms',
  alpha: ruleAlpha,
  minimum: { count: 100, of: 'looks' },
  answer({ now: { monitorLooks } }, rule) {
    if (monitorLooks === null) return unknown('the looks of the monitor');
    const looks = histogramCount(monitorLooks);
    const few = tooFew(looks, rule);
    if (few !== null) return few;
    const claim = claimShare({ successes: countAbove(monitorLooks, limitMs), trials: looks }, 'above', slowShare, rule.alpha);
    const pattern = `${formatShare(claim.share)} of ${looks} looks took longer than ${formatDuration(limitMs)}, where ${formatShare(slowShare)} may`;
    return claim.shown ? undecidable(`${pattern}; no parameter makes them faster: fewer sessions a host would`) : well(`${pattern} (p ${claim.pValue.toPrecision(2)})`);
  },
};
