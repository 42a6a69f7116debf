import { requireInterval, requireWithin } from './arguments.js';
import type { Interval } from './interval.js';

/** What an interval says of a guardrail. `harmed` outranks: what is shown to do harm is not saved by a generous margin. */
export type GuardrailFinding = 'harmed' | 'non_inferior' | 'undecided';

export interface Guardrail {
  /** Whether more of the metric is good or bad. */
  goodDirection: 'higher' | 'lower';
  /** Worsening that is tolerated, in the metric's unit; 0 or more. */
  margin: number;
  /** Worsening that counts as harm once it is shown, in the metric's unit; 0 or more. */
  harmAbove?: number;
}

/**
 * Judges a guardrail by an interval of treatment less control, of a fixed-horizon test or of a confidence sequence: the
 * finding is valid when and as the interval is. Deploying needs every guardrail non-inferior, so that its alpha is not split;
 * rolling back needs only one that is harmed, so that one's is.
 *
 * Source: ICH E9 1998, section 3.3.2; Berger 1982 (intersection-union: no split), Bonferroni for the union of harms.
 *
 * @throws StatisticsError OutOfRange where the interval's ends are in the wrong order or the margin is negative, NotFinite.
 */
export function judgeGuardrail(interval: Interval, { goodDirection, margin, harmAbove = 0 }: Guardrail): GuardrailFinding {
  requireWithin('margin', margin, 0, Number.MAX_VALUE);
  requireWithin('harmAbove', harmAbove, 0, Number.MAX_VALUE);
  const { lower, upper } = interval;
  requireInterval('the interval', interval);
  // Worsening: how much the treatment is on the bad side of control.
  const least = goodDirection === 'lower' ? lower : upper === null ? null : -upper;
  const most = goodDirection === 'lower' ? upper : lower === null ? null : -lower;
  if (least !== null && least > harmAbove) return 'harmed';
  return most !== null && most < margin ? 'non_inferior' : 'undecided';
}
