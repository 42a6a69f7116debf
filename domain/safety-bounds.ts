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

/** What was seen of one arm. */
export interface ArmOutcomes {
  /** Sessions, and those with a crash. */
  crashes: Proportion;
  /** Checkpoints, and those that took longer than the bound. */
  slowCheckpoints: Proportion;
  /** Resumes, and those that failed. */
  failedResumes: Proportion;
  /** Of sessions. */
  tokens: SampleSummary;
}

export type SafetyVerdict = 'passed' | 'violated' | 'insufficient';

export interface SafetyFinding {
  bound: BoundName;
  arm: 'control' | 'treatment';
  verdict: SafetyVerdict;
  /** Absolute: the bound as given. Relative: control itself breaks it or it is about control, so that the arm is judged against control. */
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
  /** How much worse than a control that itself breaks an absolute bound a treatment may be, ratio. */
  margin: number;
  /** Sessions at which the intervals are to be tightest. */
  plannedSessions: number;
}

export const defaultSafetyOptions: SafetyOptions = { alpha: 0.05, margin: 0.02, plannedSessions: 500 };

/** Of a 95th percentile: at most this share of the checkpoints may take longer than the bound. */
const slowShare = 0.05;

/**
 * Judges both arms by every bound, on confidence limits and never on raw means: violated where the limits show it, passed
 * where they rule it out, insufficient in between. The intervals are confidence sequences, so that one may look all the time.
 */
export function judgeSafety(bounds: SafetyBoundsOptions, arms: Arms<ArmOutcomes>, options: SafetyOptions = defaultSafetyOptions): SafetyFinding[] {
  const findings: SafetyFinding[] = [];
  const shares: [BoundName, number | undefined, keyof Pick<ArmOutcomes, 'crashes' | 'slowCheckpoints' | 'failedResumes'>][] = [
    ['crashRate', bounds.crashRate?.max, 'crashes'],
    ['checkpointTime', bounds.checkpointTime && slowShare, 'slowCheckpoints'],
    ['resumeSuccessRate', bounds.resumeSuccessRate && 1 - bounds.resumeSuccessRate.min, 'failedResumes'],
  ];
  for (const [bound, limit, of] of shares) if (limit !== undefined) findings.push(...judgeShare(bound, limit, { control: arms.control[of], treatment: arms.treatment[of] }, options));
  if (bounds.tokenCost) findings.push(judgeTokens(bounds.tokenCost.maxIncrease, arms, options));
  return findings;
}

/** A share of something bad, which is to be at most the limit. */
function judgeShare(bound: BoundName, limit: number, arms: Arms<Proportion>, options: SafetyOptions): SafetyFinding[] {
  const control = shareInterval(arms.control, options);
  const treatment = shareInterval(arms.treatment, options);
  const ofControl = finding(bound, 'control', 'absolute', limit, control);
  if (ofControl.verdict !== 'violated') return [ofControl, finding(bound, 'treatment', 'absolute', limit, treatment)];
  // Both intervals hold at once at twice the level, so that their difference does.
  const half = { ...options, alpha: options.alpha / 2 };
  const [c, t] = [shareInterval(arms.control, half), shareInterval(arms.treatment, half)];
  const worsening = { lower: ends(t).lower - ends(c).upper, upper: ends(t).upper - ends(c).lower };
  return [ofControl, finding(bound, 'treatment', 'relative', options.margin, worsening)];
}

/** Treatment's mean less so much more than control's: to be at most 0. */
function judgeTokens(maxIncrease: number, { control, treatment }: Arms<ArmOutcomes>, { alpha, plannedSessions }: SafetyOptions): SafetyFinding {
  const scale = 1 + maxIncrease;
  const scaled = { n: control.tokens.n, mean: control.tokens.mean * scale, variance: control.tokens.variance * scale * scale };
  const sequence = updateMeanSequence(updateMeanSequence(createMeanSequence({ alpha, plannedUnits: plannedSessions }), 'control', scaled), 'treatment', treatment.tokens);
  return finding('tokenCost', 'treatment', 'relative', 0, meanSequenceResult(sequence).interval);
}

function shareInterval(seen: Proportion, { alpha, plannedSessions }: SafetyOptions): Interval {
  return oneSampleBernoulliResult(updateOneSampleBernoulli(createOneSampleBernoulli({ alpha, optimalTrials: plannedSessions }), seen)).interval;
}

/** Of a share, which is never unbounded. */
function ends({ lower, upper }: Interval): { lower: number; upper: number } {
  return { lower: lower ?? 0, upper: upper ?? 1 };
}

function finding(bound: BoundName, arm: 'control' | 'treatment', kind: SafetyFinding['kind'], limit: number, interval: Interval): SafetyFinding {
  const { lower, upper } = interval;
  const verdict = lower !== null && lower > limit ? 'violated' : upper !== null && upper <= limit ? 'passed' : 'insufficient';
  return { bound, arm, verdict, kind, limit, interval, message: messageOf(bound, arm, kind, verdict, interval) };
}

const judged: Record<BoundName, string> = {
  crashRate: 'share of sessions that crash',
  checkpointTime: 'share of checkpoints over the time limit',
  resumeSuccessRate: 'share of resumes that fail',
  tokenCost: 'tokens of a session beyond the allowed increase',
};

function messageOf(bound: BoundName, arm: string, kind: SafetyFinding['kind'], verdict: SafetyVerdict, { lower, upper }: Interval): string {
  const show = (value: number | null) => (value === null ? 'unbounded' : value.toPrecision(3));
  const against = kind === 'relative' ? ', compared with control,' : '';
  return `${bound} ${verdict} in ${arm}: the ${judged[bound]}${against} lies between ${show(lower)} and ${show(upper)}`;
}
