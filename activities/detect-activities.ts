import type { OpportunityDetector } from '../analytics/detector/opportunity-detector.js';
import type { KaizenSettings } from '../domain/experiments/kaizen-settings.js';
import type { Look, LookContext } from '../domain/opportunity-rules/look.js';

/** A look of the rules at what sessions came to. */
export interface DetectInput extends Pick<LookContext, 'parameters' | 'alpha'> {
  settings: KaizenSettings;
}

export function createDetectActivities({ detector }: { detector: Pick<OpportunityDetector, 'look'> }) {
  return {
    /** What may be improved, and for each rule that found nothing why. */
    detectOpportunities({ parameters, alpha, settings }: DetectInput): Promise<Look> {
      const { bounds, minimumSessions, windowMs, longestMs, experiment } = settings;
      const { ramp, unitsPerStep, horizonMs, staleAfterMs, deadlineMs } = experiment;
      return detector.look({ parameters, alpha, bounds, minimumSessions, windowMs, staleAfterMs, longestMs: Math.min(longestMs, deadlineMs), enrolling: { ramp, unitsPerStep, horizonMs } });
    },
  };
}

export type DetectActivities = ReturnType<typeof createDetectActivities>;
