import { formatDuration } from '../duration.js';
import { countAbove, countPerhapsAbove, histogramCount } from '../histogram.js';
import { parameterTable } from '../parameter-table.js';
import { formatShare } from '../share.js';
import { claimShare, shareInterval, type ShareClaim } from './claims.js';
import { ruleAlpha, tooFew, unknown, well, type OpportunityRule, type Proposal, type RuleFacts } from './rule.js';

/** Attempts that may be silent for longer than the time-out and would have gone on, ratio. */
const falseAlarmsAllowed = 0.01;

/** A step is a halving or a doubling. */
const step = 2;

/** Hung ends below which nothing is changed for them. */
const leastHangs = 5;

const leastSaving = 0.05;

export const hangDetectionRule: OpportunityRule = {
  type: 'hang_detection',
  parameter: 'hang_timeout',
  metric: 'lost_time',
  description: 'attempts hang, and the time-out is longer than silences that end, or so short that it ends what would have gone on',
  alpha: ruleAlpha,
  minimum: { count: 100, of: 'attempts that went on after their longest silence' },
  answer(facts, rule) {
    const { silences, hangs, lostTimeMs, sessions } = facts.now;
    if (silences === null || hangs === null) return unknown('silences and hangs');
    if (lostTimeMs === null || sessions === null) return unknown('the time that sessions lose');
    const trials = histogramCount(silences);
    const few = tooFew(trials, rule);
    if (few !== null) return few;
    if (hangs.successes < leastHangs) return well(`${hangs.successes} of ${hangs.trials} attempts hung`);
    const presentMs = Number(facts.values.hang_timeout);
    const hungMs = (hangs.successes * presentMs) / sessions.crashed.trials;
    const perhaps = { successes: countPerhapsAbove(silences, presentMs / step), trials };
    const shorter = claimShare(perhaps, 'below', falseAlarmsAllowed, rule.alpha / 2);
    if (shorter.shown) return shorten(facts, presentMs, hungMs, shorter, shareInterval(perhaps, rule.alpha, rule.minimum.count));
    const surely = { successes: countAbove(silences, presentMs / step), trials };
    const longer = claimShare(surely, 'above', falseAlarmsAllowed, rule.alpha / 2);
    if (!longer.shown) return well(`${surely.successes} of ${trials} attempts were silent for longer than ${formatDuration(presentMs / step)} and went on: neither shown to be few nor many`);
    const falseShare = falseAlarms(countAbove(silences, presentMs / step ** 2), surely.successes) / hangs.successes;
    return lengthen(facts, presentMs, hungMs, Math.min(1, falseShare), longer, shareInterval(surely, rule.alpha, rule.minimum.count));
  },
};

/** Silences past the time-out that would have ended, were the tail exponential: from a half to the whole is twice as far as from a quarter to the half. */
function falseAlarms(pastQuarter: number, pastHalf: number): number {
  return pastQuarter === 0 ? 0 : pastHalf * (pastHalf / pastQuarter) ** 2;
}

function shorten(facts: RuleFacts, presentMs: number, hungMs: number, claim: ShareClaim, interval: Proposal['interval']) {
  const { values } = parameterTable.hang_timeout;
  const proposedValue = Math.max(values.kind === 'number' ? values.min : 0, Math.round(presentMs / step));
  const { lostTimeMs, sessions, hangs } = facts.now;
  const saving = lostTimeMs === null || lostTimeMs.mean === 0 ? 0 : Math.min(0.9, (hungMs * (1 - proposedValue / presentMs)) / lostTimeMs.mean);
  const pattern = `${hangs?.successes} attempts hung for ${formatDuration(presentMs)} each, and of those that went on at most ${formatShare(claim.share)} had been silent for more than ${formatDuration(presentMs / step)}`;
  if (saving < leastSaving) return well(`${pattern}; a shorter time-out would save ${formatShare(saving)} of the time lost`);
  return proposal(facts, { pattern, claim, interval, saving, proposedValue, rationale: `half the time-out, which ends fewer than ${formatShare(falseAlarmsAllowed)} of the attempts in vain` }, presentMs, sessions?.crashed.trials ?? 0);
}

function lengthen(facts: RuleFacts, presentMs: number, hungMs: number, falseShare: number, claim: ShareClaim, interval: Proposal['interval']) {
  const { values } = parameterTable.hang_timeout;
  const proposedValue = Math.min(values.kind === 'number' ? values.max : presentMs, Math.round(presentMs * step));
  const { lostTimeMs, sessions } = facts.now;
  // False alarms lose the time-out; real hangs would lose as much again.
  const saving = lostTimeMs === null || lostTimeMs.mean === 0 ? 0 : Math.min(0.9, (hungMs * (2 * falseShare - 1)) / lostTimeMs.mean);
  const pattern = `${formatShare(claim.share)} of the attempts that went on had been silent for more than ${formatDuration(presentMs / step)}, so that about ${formatShare(falseShare)} of those that were ended as hung would have gone on`;
  if (saving < leastSaving) return well(`${pattern}; a longer time-out would save ${formatShare(Math.max(0, saving))} of the time lost`);
  return proposal(facts, { pattern, claim, interval, saving, proposedValue, rationale: 'twice the time-out; false alarms by an exponential tail of the silences' }, presentMs, sessions?.crashed.trials ?? 0);
}

interface Change extends Pick<Proposal, 'pattern' | 'interval' | 'rationale'> {
  claim: ShareClaim;
  saving: number;
  proposedValue: number;
}

function proposal({ now: { lostTimeMs } }: RuleFacts, { pattern, claim, interval, saving, proposedValue, rationale }: Change, presentMs: number, sampleSize: number): Proposal {
  return {
    pattern,
    hypothesis: `a hang time-out of ${formatDuration(proposedValue)} in place of ${formatDuration(presentMs)} loses ${formatShare(saving)} less time`,
    // Both directions were looked at.
    confidence: 1 - Math.min(1, 2 * claim.pValue),
    interval,
    impact: -saving,
    rationale,
    proposedValue,
    sampleSize,
    baseline: { mean: lostTimeMs?.mean ?? 0, standardDeviation: Math.sqrt(lostTimeMs?.variance ?? 0) },
  };
}
