import { z } from 'zod';
import type { Arms, Interval, Proportion, SampleSummary } from './statistics/interval.js';
import { createMeanSequence, meanSequenceResult, updateMeanSequence } from './statistics/mean-sequence.js';
import { createOneSampleBernoulli, oneSampleBernoulliResult, updateOneSampleBernoulli } from './statistics/one-sample-bernoulli.js';

/** What no parameter may do to the sessions. A bound that is left out is not judged. */
export const safetyBoundsSchema = z.strictObject({
  /** Share of sessions with at least one crash, ratio 0-1. */
  crashRate: z.strictObject({ max: z.number().gt(0).lt(1) }).optional(),
  /** 95th percentile of the time that a checkpoint takes, ms. */
  checkpointTime: z.strictObject({ max: z.number().positive() }).optional(),
  /** Share of resumes that succeed, ratio 0-1. */
  resumeSuccessRate: z.strictObject({ min: z.number().gt(0).lt(1) }).optional(),
  /** Increase of a session's mean tokens over control, ratio: 0.2 is a fifth more. */
  tokenCost: z.strictObject({ maxIncrease: z.number().positive() }).optional(),
});

export type SafetyBoundsOptions = z.infer<typeof safetyBoundsSchema>;
export type BoundName = keyof SafetyBoundsOptions;

/** What was seen of one arm, each session counted once: what happens several times in one session is no independent evidence. */
export interface ArmOutcomes {
  /** Sessions, and those with a crash. */
  crashes: Proportion;
  /** Sessions, and those with a failed resume. */
  sessionsWithFailedResume: Proportion;
  /** A session's share of checkpoints that took longer than the bound, and of resumes that failed, of the sessions that had any. */
  slowCheckpointShare: SampleSummary;
  failedResumeShare: SampleSummary;
  /** Of sessions. */
  tokens: SampleSummary;
}

/** Confidence sequences of treatment's share less control's, where somebody has tighter ones than follow from the two arms' own. */
export interface ShareDifferences {
  crashes?: Interval;
  sessionsWithFailedResume?: Interval;
}

export type SafetyVerdict = 'passed' | 'violated' | 'insufficient';

export interface SafetyFinding {
  bound: BoundName;
  arm: 'control' | 'treatment';
  verdict: SafetyVerdict;
  /** Absolute: the bound as given. Relative: control itself does not keep it, or it is about control, so that the arm is judged against control. */
  kind: 'absolute' | 'relative';
  /** What is judged is to be at most this. */
  limit: number;
  /** Confidence sequence of what is judged, valid whenever it is looked at. */
  interval: Interval;
  /** One line for people. */
  message: string;
}

export interface SafetyOptions {
  /** Of each interval, between 0 and 1. */
  alpha: number;
  /** How much worse than a control that does not keep an absolute bound itself a treatment may be, ratio. */
  margin: number;
  /** How much larger than control's a treatment's share of sessions with a failed resume may be, ratio. */
  resumeMargin: number;
  /** Sessions at which the intervals are to be tightest. */
  plannedSessions: number;
}

export const defaultSafetyOptions: SafetyOptions = { alpha: 0.05, margin: 0.02, resumeMargin: 0.05, plannedSessions: 500 };

/** Of a 95th percentile: at most this share of the checkpoints may take longer than the bound. */
const slowShare = 0.05;

/**
 * Judges both arms by every bound, on confidence limits and never on raw means: violated where the limits show it, passed
 * where they rule it out, insufficient in between. The intervals are confidence sequences, so that one may look all the time.
 *
 * @param differences of the shares, where there is an e-process of them; without, the two arms' intervals are held against each other.
 */
export function judgeSafety(bounds: SafetyBoundsOptions, { control, treatment }: Arms<ArmOutcomes>, options: SafetyOptions = defaultSafetyOptions, differences: ShareDifferences = {}): SafetyFinding[] {
  const findings: SafetyFinding[] = [];
  if (bounds.crashRate) findings.push(...judgeShare('crashRate', bounds.crashRate.max, { control: sumOf(control.crashes), treatment: sumOf(treatment.crashes) }, options, differences.crashes));
  if (bounds.checkpointTime) findings.push(...judgeShare('checkpointTime', slowShare, { control: sharesOf(control.slowCheckpointShare), treatment: sharesOf(treatment.slowCheckpointShare) }, options));
  if (bounds.resumeSuccessRate) {
    findings.push(finding('resumeSuccessRate', 'control', 'absolute', 1 - bounds.resumeSuccessRate.min, shareInterval(sharesOf(control.failedResumeShare), options)));
    const arms = { control: sumOf(control.sessionsWithFailedResume), treatment: sumOf(treatment.sessionsWithFailedResume) };
    findings.push(finding('resumeSuccessRate', 'treatment', 'relative', options.resumeMargin, differences.sessionsWithFailedResume ?? worsening(arms, options)));
  }
  if (bounds.tokenCost) findings.push(judgeTokens(bounds.tokenCost.maxIncrease, { control, treatment }, options));
  return findings;
}

/** Numbers from 0 to 1, and their sum. */
interface Shares {
  sum: number;
  n: number;
}

function sumOf({ successes, trials }: Proportion): Shares {
  return { sum: successes, n: trials };
}

function sharesOf({ n, mean }: SampleSummary): Shares {
  return { sum: Math.min(n, Math.max(0, n * mean)), n };
}

/**
 * A share of something bad, which is to be at most the limit. Where control is seen above the limit itself, or too near to
 * it to be told, the treatment has only to be no worse than control: else nothing could ever get better. So, too, before
 * anything is known of control: it may be as bad.
 */
function judgeShare(bound: BoundName, limit: number, arms: Arms<Shares>, options: SafetyOptions, difference?: Interval): SafetyFinding[] {
  const control = finding(bound, 'control', 'absolute', limit, shareInterval(arms.control, options));
  const treatment = finding(bound, 'treatment', 'absolute', limit, shareInterval(arms.treatment, options));
  const compared = () => finding(bound, 'treatment', 'relative', options.margin, difference ?? worsening(arms, options));
  if (arms.control.n === 0 || arms.control.sum > limit * arms.control.n) return [control, compared()];
  if (control.verdict !== 'insufficient' || treatment.verdict !== 'insufficient') return [control, treatment];
  const relative = compared();
  return [control, relative.verdict === 'passed' ? relative : treatment];
}

/** Both intervals hold at once at twice the level, so that their difference does. */
function worsening(arms: Arms<Shares>, options: SafetyOptions): Interval {
  const half = { ...options, alpha: options.alpha / 2 };
  const [control, treatment] = [shareInterval(arms.control, half), shareInterval(arms.treatment, half)];
  return { lower: treatment.lower - control.upper, upper: treatment.upper - control.lower };
}

/** Treatment's mean less so much more than control's: to be at most 0. */
function judgeTokens(maxIncrease: number, { control, treatment }: Arms<Pick<ArmOutcomes, 'tokens'>>, { alpha, plannedSessions }: SafetyOptions): SafetyFinding {
  const scale = 1 + maxIncrease;
  const scaled = { n: control.tokens.n, mean: control.tokens.mean * scale, variance: control.tokens.variance * scale * scale };
  const sequence = updateMeanSequence(updateMeanSequence(createMeanSequence({ alpha, plannedUnits: plannedSessions }), 'control', scaled), 'treatment', treatment.tokens);
  return finding('tokenCost', 'treatment', 'relative', 0, meanSequenceResult(sequence).interval);
}

/**
 * Of the mean of numbers from 0 to 1: the Bernoulli sequence holds for them, since a likelihood ratio is convex in what was
 * seen, so that 0 and 1 are the worst (Hoeffding 1963). A sum that is not whole is rounded away from what would be shown.
 */
function shareInterval({ sum, n }: Shares, { alpha, plannedSessions }: SafetyOptions): { lower: number; upper: number } {
  const intervalOf = (successes: number) => oneSampleBernoulliResult(updateOneSampleBernoulli(createOneSampleBernoulli({ alpha, optimalTrials: plannedSessions }), { successes, trials: n })).interval;
  const rounding = 1e-9 * n;
  const [below, above] = [Math.floor(sum + rounding), Math.ceil(sum - rounding)];
  const lowest = intervalOf(below);
  const highest = above === below ? lowest : intervalOf(above);
  return { lower: lowest.lower ?? 0, upper: highest.upper ?? 1 };
}

function finding(bound: BoundName, arm: 'control' | 'treatment', kind: SafetyFinding['kind'], limit: number, interval: Interval): SafetyFinding {
  const { lower, upper } = interval;
  const verdict = lower !== null && lower > limit ? 'violated' : upper !== null && upper <= limit ? 'passed' : 'insufficient';
  return { bound, arm, verdict, kind, limit, interval, message: messageOf(bound, arm, kind, verdict, interval) };
}

const judged: Record<BoundName, string> = {
  crashRate: 'share of sessions that crash',
  checkpointTime: 'share of checkpoints over the time limit',
  resumeSuccessRate: 'share of failed resumes',
  tokenCost: 'tokens of a session beyond the allowed increase',
};

function messageOf(bound: BoundName, arm: string, kind: SafetyFinding['kind'], verdict: SafetyVerdict, { lower, upper }: Interval): string {
  const show = (value: number | null) => (value === null ? 'unbounded' : value.toPrecision(3));
  const against = kind === 'relative' ? ', compared with control,' : '';
  return `${bound} ${verdict} in ${arm}: the ${judged[bound]}${against} lies between ${show(lower)} and ${show(upper)}`;
}
