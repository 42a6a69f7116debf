import { describe, expect, it } from 'vitest';
import { countPrediction, noPredictions, scorePredictions } from '../../domain/crash-prediction.js';
import type { ExitClass } from '../../domain/exit-class.js';
import type { RiskZone } from '../../domain/risk.js';

function count(...attempts: [RiskZone | null, ExitClass][]) {
  return attempts.reduce((counts, [zoneBeforeEnd, exitClass]) => countPrediction(counts, { zoneBeforeEnd, exitClass }), noPredictions);
}

describe('countPrediction', () => {
  it.each<[string, [RiskZone | null, ExitClass], Partial<typeof noPredictions>]>([
    ['danger before a crash was right', ['danger', 'crashed'], { truePositives: 1 }],
    ['danger before a hang was right', ['danger', 'hung'], { truePositives: 1 }],
    ['danger before a good end was a false alarm', ['danger', 'completed'], { falsePositives: 1 }],
    ['danger before a limit was a false alarm: the agent did not fail', ['danger', 'limit_reached'], { falsePositives: 1 }],
    ['safe before a kill was a miss', ['safe', 'killed'], { falseNegatives: 1 }],
    ['a warning is not danger', ['warning', 'crashed'], { falseNegatives: 1 }],
    ['safe before a good end was right', ['safe', 'completed'], { trueNegatives: 1 }],
    ['an attempt shorter than 60 s foretold nothing', [null, 'crashed'], {}],
    ['one that was stopped proves nothing', ['danger', 'stopped'], {}],
  ])('%s', (_case, attempt, counted) => {
    expect(count(attempt)).toEqual({ ...noPredictions, ...counted });
  });
});

describe('scorePredictions', () => {
  it('has nothing to say of nothing', () => {
    expect(scorePredictions(noPredictions)).toEqual({ accuracy: undefined, precision: undefined, recall: undefined });
  });

  it('has no precision where danger was never foretold, and no recall where nothing crashed', () => {
    expect(scorePredictions(count(['safe', 'completed'], ['safe', 'completed']))).toEqual({ accuracy: 1, precision: undefined, recall: undefined });
    expect(scorePredictions(count(['danger', 'completed']))).toEqual({ accuracy: 0, precision: 0, recall: undefined });
  });

  it('is accuracy, precision and recall of the whole', () => {
    expect(scorePredictions(count(['danger', 'crashed'], ['danger', 'completed'], ['safe', 'crashed'], ['safe', 'completed'], ['safe', 'completed']))).toEqual({ accuracy: 0.6, precision: 0.5, recall: 0.5 });
  });
});
