import { parameterTable } from '../parameter-table.js';
import type { Histogram } from '../histogram.js';
import { formatShare } from '../share.js';
import { claimShare, rateOf, shareInterval } from './claims.js';
import { ruleAlpha, tooFew, unknown, well, type OpportunityRule } from './rule.js';

/** Zones that are tried, as shares of the present one: none is more than two fifths lower. */
const steps = [0.9, 0.8, 0.7, 0.6];

/** Crashes that a lower zone is to spare, ratio. */
const leastRelief = 0.1;

export const crashRateRule: OpportunityRule = {
  type: 'crash_rate',
  parameter: 'danger_zone',
  metric: 'crash_rate',
  description: 'crashes come at high context use, below the present danger zone and above it, more than at low',
  alpha: ruleAlpha,
  minimum: { count: 10, of: 'first crashes with a known context use' },
  answer({ now, values }, rule) {
    const { contextUse, sessions } = now;
    if (contextUse === null || sessions === null) return unknown('the context use at which attempts end');
    const crashes = contextUse.crashed.counts.reduce((sum, count) => sum + count, 0);
    const few = tooFew(crashes, rule);
    if (few !== null) return few;
    const present = Number(values.danger_zone);
    const candidates = candidatesBelow(present).map((zone) => ({ zone, ...compareHazards(contextUse, zone) }));
    const [best] = candidates
      .filter(({ exposureAbove, exposureBelow }) => exposureAbove > 0 && exposureBelow > 0)
      .map((candidate) => {
        const claim = claimShare({ successes: candidate.crashesAbove, trials: crashes }, 'above', candidate.exposureAbove / (candidate.exposureAbove + candidate.exposureBelow), rule.alpha / candidates.length);
        // Of as many zones as were tried (Bonferroni).
        return { ...candidate, pValue: Math.min(1, claim.pValue * candidates.length) };
      })
      .toSorted((a, b) => a.pValue - b.pValue);
    if (best === undefined) return { verdict: 'not_enough_data', message: `no attempt got to a context use of ${candidates.map(({ zone }) => zone).join(', ')}` };
    const { zone, crashesAbove, exposureAbove, exposureBelow, pValue } = best;
    const hazards = `${crashesAbove} of ${crashes} first crashes came above a context use of ${zone}, where attempts spent ${formatShare(exposureAbove / (exposureAbove + exposureBelow))} of it`;
    if (pValue > rule.alpha) return well(`${hazards} (p ${pValue.toPrecision(2)})`);
    // Half a crash more below: that none came there does not mean that none ever will.
    const spared = (crashesAbove - exposureAbove * ((crashes - crashesAbove + 0.5) / exposureBelow)) / crashes;
    const baseline = rateOf(sessions.crashed);
    // A session's chance of no crash is e to the hazard it went through, which is less by what is spared.
    const impact = baseline.mean === 0 ? 0 : (1 - (1 - baseline.mean) ** (1 - spared)) / baseline.mean - 1;
    if (-impact < leastRelief) return well(`${hazards}; a lower zone would spare ${formatShare(Math.max(0, -impact))} of the sessions that crash`);
    return {
      pattern: hazards,
      hypothesis: `sessions that are checkpointed and recycled at a context use of ${zone} in place of ${present} crash ${formatShare(-impact)} less often`,
      confidence: 1 - pValue,
      interval: shareInterval(sessions.crashed, rule.alpha, rule.minimum.count * 5),
      impact,
      rationale: `of the zones ${candidates.map((candidate) => candidate.zone).join(', ')} the one that crashes before and after differ most at; what lies above it would be gone through at the hazard of what lies below`,
      proposedValue: zone,
      sampleSize: sessions.crashed.trials,
      baseline,
    };
  },
};

/** Lower zones, in twentieths as the context use is counted in, the highest first. */
export function candidatesBelow(present: number): number[] {
  const { values } = parameterTable.danger_zone;
  const least = values.kind === 'number' ? values.min : 0;
  // A product such as 0.8 x 0.75 may lie just below the twentieth that it is.
  const zones = steps.map((step) => Math.floor(present * step * 20 + 1e-9) / 20).filter((zone) => zone >= least && zone < present);
  return [...new Set(zones)];
}

/**
 * Crashes and exposure below and above a context use, as a life table has them: a bucket is gone through by each attempt that
 * got further, and half by those that ended within it. (Shares of attempts would be wrong: whoever got far survived so long.)
 * Exposures are in buckets of attempts.
 */
function compareHazards({ crashed, ended }: { crashed: Histogram; ended: Histogram }, zone: number): { crashesAbove: number; exposureAbove: number; exposureBelow: number } {
  let further = 0;
  let crashesAbove = 0;
  let exposureAbove = 0;
  let exposureBelow = 0;
  for (let at = crashed.counts.length - 1; at >= 0; at -= 1) {
    const crashes = crashed.counts[at] ?? 0;
    const here = crashes + (ended.counts[at] ?? 0);
    const isAbove = at > 0 && (crashed.bounds[at - 1] ?? 0) >= zone - 1e-9;
    const exposure = further + here / 2;
    if (isAbove) {
      crashesAbove += crashes;
      exposureAbove += exposure;
    } else exposureBelow += exposure;
    further += here;
  }
  return { crashesAbove, exposureAbove, exposureBelow };
}
