import { resumeStrategies, type ResumeStrategy } from '../parameters.js';
import { formatShare } from '../share.js';
import type { Proportion } from '../statistics/interval.js';
import { claimShare, rateOf, shareInterval } from './claims.js';
import { ruleAlpha, tooFew, undecidable, unknown, well, type OpportunityRule } from './rule.js';

/** Share of resumes that have to succeed where no bound says so. */
const defaultMinimum = 0.9;

/** Failed resumes that a plan is to save where the other rung was hardly tried, ratio. */
const plannedFor = -0.5;

/** Resumes of a rung from which its own failures are gone by. */
const enoughResumes = 50;

export const resumeReliabilityRule: OpportunityRule = {
  type: 'resume_reliability',
  parameter: 'resume_strategy',
  metric: 'failed_resume_rate',
  description: 'more resumes fail than the bound allows',
  alpha: ruleAlpha,
  minimum: { count: 20, of: 'resumes' },
  answer({ now, values, bounds }, rule) {
    const { failedResumes, sessions } = now;
    if (failedResumes === null || sessions === null) return unknown('resumes');
    const all = resumeStrategies.reduce<Proportion>((sum, strategy) => ({ successes: sum.successes + failedResumes[strategy].successes, trials: sum.trials + failedResumes[strategy].trials }), { successes: 0, trials: 0 });
    const few = tooFew(all.trials, rule);
    if (few !== null) return few;
    const allowed = 1 - (bounds.resumeSuccessRate?.min ?? defaultMinimum);
    const claim = claimShare(all, 'above', allowed, rule.alpha);
    const pattern = `${all.successes} of ${all.trials} resumes failed (${formatShare(claim.share)}), where ${formatShare(allowed)} may`;
    if (!claim.shown) return well(`${pattern} (p ${claim.pValue.toPrecision(2)})`);
    const present = String(values.resume_strategy) as ResumeStrategy;
    const next = nextRung(present);
    if (next === null) return undecidable(`${pattern}; ${present} is the last rung of the ladder`);
    const seen = failedResumes[next];
    const isKnown = seen.trials >= enoughResumes && failedResumes[present].successes > 0;
    const impact = isKnown ? rateOf(seen).mean / rateOf(failedResumes[present]).mean - 1 : plannedFor;
    if (impact >= 0) return undecidable(`${pattern}; ${next} fails as often (${seen.successes} of ${seen.trials})`);
    return {
      pattern,
      hypothesis: `resumes that begin with ${next} in place of ${present} fail ${formatShare(-impact)} less often`,
      confidence: 1 - claim.pValue,
      interval: shareInterval(all, rule.alpha, rule.minimum.count),
      impact,
      rationale: isKnown ? `one rung down the ladder: ${next} failed in ${seen.successes} of ${seen.trials}` : `one rung down the ladder; ${next} was tried ${seen.trials} times, so that the plan is for a saving of ${formatShare(-impact)}`,
      proposedValue: next,
      sampleSize: sessions.failedResume.trials,
      baseline: rateOf(sessions.failedResume),
    };
  },
};

/** The rung below; null at the last. */
export function nextRung(strategy: ResumeStrategy): ResumeStrategy | null {
  return resumeStrategies[resumeStrategies.indexOf(strategy) + 1] ?? null;
}
