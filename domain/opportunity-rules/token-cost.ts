import type { ResumeStrategy } from '../parameters.js';
import { formatShare } from '../share.js';
import { welchTest, welchTestRelative } from '../statistics/welch.js';
import { nextRung } from './resume-reliability.js';
import { ruleAlpha, tooFew, undecidable, unknown, well, type OpportunityRule } from './rule.js';

/** Increase that is allowed where no bound says so, ratio. */
const defaultIncrease = 0.2;

export const tokenCostRule: OpportunityRule = {
  type: 'token_cost',
  parameter: 'resume_strategy',
  metric: 'tokens',
  description: 'sessions take more tokens than in the window before, by more than the bound allows',
  alpha: ruleAlpha,
  minimum: { count: 50, of: 'sessions in each of two windows' },
  answer({ now, before, values, bounds }, rule) {
    const [treatment, control] = [now.tokens, before?.tokens ?? null];
    if (treatment === null || control === null) return unknown('the tokens of a session in this window and the one before');
    const few = tooFew(Math.min(treatment.n, control.n), rule);
    if (few !== null) return few;
    if (control.mean <= 0 || control.variance + treatment.variance <= 0) return unknown('how tokens vary');
    const allowed = bounds.tokenCost?.maxIncrease ?? defaultIncrease;
    const scale = 1 + allowed;
    const { pValue } = welchTest({ control: { n: control.n, mean: control.mean * scale, variance: control.variance * scale ** 2 }, treatment }, { alpha: rule.alpha, alternative: 'greater' });
    const { difference, interval } = welchTestRelative({ control, treatment }, { alpha: rule.alpha });
    const pattern = `a session takes ${formatShare(difference)} more tokens than in the window before, where ${formatShare(allowed)} may be (${treatment.n} and ${control.n} sessions)`;
    if (pValue > rule.alpha) return well(`a session takes ${formatShare(Math.abs(difference))} ${difference < 0 ? 'fewer' : 'more'} tokens than in the window before; more than ${formatShare(allowed)} is not shown (p ${pValue.toPrecision(2)})`);
    const present = String(values.resume_strategy) as ResumeStrategy;
    const next = nextRung(present);
    if (next === null) return undecidable(`${pattern}; ${present} is the rung that takes the fewest`);
    const impact = control.mean / treatment.mean - 1;
    return {
      pattern,
      hypothesis: `resumes that begin with ${next} in place of ${present} take less of the conversation along, and ${formatShare(-impact)} fewer tokens a session`,
      confidence: 1 - pValue,
      interval,
      impact,
      rationale: `one rung down the ladder, planned to undo the increase`,
      proposedValue: next,
      sampleSize: treatment.n,
      baseline: { mean: treatment.mean, standardDeviation: Math.sqrt(treatment.variance) },
    };
  },
};
