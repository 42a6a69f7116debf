import { metrics } from '../../domain/experiments/metric.js';
import type { ExperimentLook, ExperimentPlan, ExperimentStatus } from '../../domain/experiments/experiment.js';
import type { ArmTotals } from '../../domain/experiments/unit.js';
import { formatMetric } from '../../domain/experiments/format-metric.js';

/** What an experiment came to, or stands at, in words for somebody who knows no statistics. */
export function plainVerdict(status: ExperimentStatus): string {
  const { plan, conclusion, phase, reason, look } = status;
  const change = `${plan.parameter} ${plan.treatment} instead of ${plan.control}`;
  switch (conclusion) {
    case 'kept':
      return `${change} was better, and is what all sessions get: ${reason}. ${sinceDeploy(plan, look)}`;
    case 'rolled_back':
      return `${change} did harm and was taken back: ${reason}. Sessions have ${plan.control} again.`;
    case 'restored':
      return `${change} looked better and was deployed, but did not hold: ${reason}. Sessions have ${plan.control} again, and the claim counts as refuted.`;
    case 'no_evidence':
      return `It could not be shown that ${change} is better: ${reason}. Sessions keep ${plan.control}. ${comparison(plan, look)}`;
    case 'aborted':
      return `It was ended before it was decided: ${reason}.`;
    case 'refused':
      return `It never began: ${reason}.`;
    case null:
      return `${isDeployed(status) && phase !== 'restoring' ? `${change} was shown to be better. ` : ''}It is ${phase}: ${reason}. ${isDeployed(status) ? sinceDeploy(plan, look) : comparison(plan, look)}`;
  }
}

/** Whether it was deployed, be it taken back since: the looks are then at the rollout's sessions, and what decided on it is in those before. */
export function isDeployed({ phase, conclusion, verdict }: ExperimentStatus): boolean {
  return phase === 'deploying' || phase === 'monitoring' || conclusion === 'kept' || conclusion === 'restored' || (phase === 'restoring' && verdict === 'SHIP');
}

function sinceDeploy(plan: ExperimentPlan, look: ExperimentLook | null): string {
  return look === null || look.difference === null ? 'Nothing can be compared since the deploy yet.' : `Since the deploy: ${metrics[plan.metric].description}. ${bothArms(plan, look)}`;
}

function comparison(plan: ExperimentPlan, look: ExperimentLook | null): string {
  if (look === null || look.difference === null) return 'Nothing can be compared yet.';
  const evidence = look.logEValue >= look.logThreshold ? 'The evidence reaches its boundary.' : `The evidence is ${formatTimes(look.logEValue)}, and has to reach ${formatTimes(look.logThreshold)}.`;
  return `${metrics[plan.metric].description[0]?.toUpperCase()}${metrics[plan.metric].description.slice(1)}. ${bothArms(plan, look)} ${evidence}`;
}

function bothArms(plan: ExperimentPlan, { arms: { control, treatment } }: ExperimentLook): string {
  return `With ${plan.treatment}: ${valueOf(treatment, plan)} (${treatment.units} sessions); with ${plan.control}: ${valueOf(control, plan)} (${control.units} sessions).`;
}

/** An arm's value of the metric an experiment is judged by. */
export function valueOf(arm: ArmTotals, { metric }: ExperimentPlan): string {
  switch (metric) {
    case 'crash_rate':
      return share(arm.crashes);
    case 'failed_resume_rate':
      return share(arm.sessionsWithFailedResume);
    case 'lost_time':
      return arm.lostTimeMs.n === 0 ? '-' : formatMetric(arm.lostTimeMs.mean, 'ms');
    case 'downtime':
      return arm.downtimeMs.n === 0 ? '-' : formatMetric(arm.downtimeMs.mean, 'ms');
    case 'tokens':
      return arm.tokens.n === 0 ? '-' : formatMetric(arm.tokens.mean, 'tokens');
  }
}

function share({ successes, trials }: { successes: number; trials: number }): string {
  return trials === 0 ? '-' : formatMetric(successes / trials, 'ratio');
}

/** An e-value from its logarithm, as `1 : 1,300` would be said: how many times as likely. */
export function formatTimes(logEValue: number): string {
  const power = logEValue / Math.LN10;
  if (power > 6 || power < -6) return `10^${power.toFixed(1)}`;
  return Math.exp(logEValue).toLocaleString('en', { maximumSignificantDigits: 3 });
}
