import { planExperiment } from '../../domain/experiments/planning.js';
import type { Opportunity } from '../../domain/experiments/opportunity.js';
import { beginELond, concludeELondByLog, createELond } from '../../domain/statistics/online-fdr.js';
import { partRandom } from '../part-random.js';
import { simulateExperiment, type Population } from './simulated-experiment.js';

/** What a sequence of experiments came to. */
export interface SequenceResult {
  experiments: number;
  trueEffects: number;
  /** Deploys of treatments that are better, and of those that are not. */
  found: number;
  falselyShipped: number;
  rolledBack: number;
  noEvidence: number;
  sessions: number;
}

export interface SequenceOptions {
  /** Experiments, one after the other; the ledger spends evenly over as many. */
  experiments: number;
  /** Share of them whose treatment is better by what was planned for, 0-1. */
  trueShare: number;
  seed: number;
}

/** One in two is judged by its crash rate, where control breaks the bound on it; the others by the mean of the time lost, where it keeps it. */
const crashing: Population = { crash: 0.15, lostTimeMs: 60_000 };
const losing: Population = { crash: 0.03, lostTimeMs: 60_000 };
const crashImpact = -0.6;
const lostTimeImpact = -0.35;

/** An experiment may go on for so many times its planned sessions. */
const patience = 1.5;

/** The ledger's false-discovery rate. */
export const falseDiscoveryRate = 0.05;

/**
 * A sequence of experiments as the loop runs them: a level from e-LOND, a plan of the size that finds the effect at that level,
 * sessions until the verdict, and the ledger told of the evidence.
 */
export function simulateSequence({ experiments, trueShare, seed }: SequenceOptions): SequenceResult {
  const random = partRandom('a sequence of experiments', seed);
  const result: SequenceResult = { experiments, trueEffects: 0, found: 0, falselyShipped: 0, rolledBack: 0, noEvidence: 0, sessions: 0 };
  let ledger = createELond(falseDiscoveryRate, { kind: 'uniform', horizon: experiments });
  for (let n = 1; n <= experiments; n += 1) {
    const isTrue = random() < trueShare;
    const begun = beginELond(ledger);
    ledger = begun.state;
    const plan = planOf(n, begun.level, begun.index);
    const control = plan.metric === 'crash_rate' ? crashing : losing;
    const better = plan.metric === 'crash_rate' ? { ...control, crash: control.crash * (1 + crashImpact) } : { ...control, lostTimeMs: control.lostTimeMs * (1 + lostTimeImpact) };
    const { verdict, sessions, look } = simulateExperiment(plan, { control, treatment: isTrue ? better : control }, random);
    ({ state: ledger } = concludeELondByLog(ledger, begun.level, look.logEValue));
    result.sessions += sessions;
    if (isTrue) result.trueEffects += 1;
    if (verdict === 'SHIP' && isTrue) result.found += 1;
    if (verdict === 'SHIP' && !isTrue) result.falselyShipped += 1;
    if (verdict === 'ROLLBACK') result.rolledBack += 1;
    if (verdict === 'NO_EVIDENCE') result.noEvidence += 1;
  }
  return result;
}

/** @throws Error where the loop would not begin it. */
function planOf(n: number, alpha: number, index: number) {
  const isOfCrashes = n % 2 === 0;
  const opportunity: Opportunity = {
    type: isOfCrashes ? 'crash_rate' : 'checkpoint_interval',
    parameter: isOfCrashes ? 'danger_zone' : 'checkpoint_interval',
    pattern: '',
    hypothesis: 'the proposed value is better',
    confidence: 0.99,
    interval: { lower: null, upper: null },
    impact: isOfCrashes ? crashImpact : lostTimeImpact,
    rationale: '',
    currentValue: isOfCrashes ? 0.75 : 5,
    proposedValue: isOfCrashes ? 0.6 : 3,
    sampleSize: 1_000,
    metric: isOfCrashes ? 'crash_rate' : 'lost_time',
    baseline: isOfCrashes ? { mean: crashing.crash, standardDeviation: Math.sqrt(crashing.crash * (1 - crashing.crash)) } : { mean: losing.lostTimeMs, standardDeviation: losing.lostTimeMs },
    plan: { alpha, units: 0, durationMs: null, sessionsPerDay: 86_400_000 },
  };
  const never = Number.MAX_SAFE_INTEGER;
  const planned = planExperiment(
    opportunity,
    {
      experiment: { horizonMs: 1, tickMs: 1, ramp: [1], unitsPerStep: 1, deadlineMs: never, holdback: 0.1, monitorMs: 1, staleAfterMs: never },
      bounds: { crashRate: { max: 0.1 }, checkpointTime: { max: 100 }, resumeSuccessRate: { min: 0.9 } },
      coolDownMs: 0,
      longestMs: never,
    },
    { id: `experiment/${opportunity.parameter}/${n}`, index, alpha, needsApproval: false, beside: [] },
  );
  if (planned.kind === 'undecidable') throw new Error(planned.message);
  // One session matures each millisecond of a simulation.
  return { ...planned.plan, deadlineMs: Math.ceil(patience * planned.plan.plannedUnits) };
}
