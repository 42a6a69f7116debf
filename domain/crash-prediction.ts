import { countsAsFailure, type ExitClass } from './exit-class.js';
import type { RiskZone } from './risk.js';

/** Attempts by what their zone 60 s before the end foretold, and what came. */
export interface PredictionCounts {
  truePositives: number;
  falsePositives: number;
  trueNegatives: number;
  falseNegatives: number;
}

export const noPredictions: PredictionCounts = { truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 };

/** Counts one more attempt; one that did not live for 60 s foretold nothing, and one that was stopped proves nothing. */
export function countPrediction(counts: PredictionCounts, { zoneBeforeEnd, exitClass }: { zoneBeforeEnd: RiskZone | null; exitClass: ExitClass }): PredictionCounts {
  if (zoneBeforeEnd === null || exitClass === 'stopped') return counts;
  const foretold = zoneBeforeEnd === 'danger';
  const crashed = countsAsFailure(exitClass);
  if (foretold) return crashed ? { ...counts, truePositives: counts.truePositives + 1 } : { ...counts, falsePositives: counts.falsePositives + 1 };
  return crashed ? { ...counts, falseNegatives: counts.falseNegatives + 1 } : { ...counts, trueNegatives: counts.trueNegatives + 1 };
}

/** Accuracy, precision and recall, ratios 0-1; undefined where nothing was counted for them. */
export function scorePredictions({ truePositives, falsePositives, trueNegatives, falseNegatives }: PredictionCounts) {
  return {
    accuracy: ratio(truePositives + trueNegatives, truePositives + falsePositives + trueNegatives + falseNegatives),
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + falseNegatives),
  };
}

function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}
