import { condition, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { ExperimentPhase } from '../../../domain/experiments/experiment.js';
import { abortUpdate, experimentStatusQuery, kaizenSearchAttributes, lookNowSignal, type RunExperimentInput } from '../../../workflows/kaizen-messages.js';

export { kaizenLoop } from '../../../workflows/kaizen-loop.js';
export { parameter } from '../../../workflows/parameter.js';
export { alphaLedger } from '../../../workflows/alpha-ledger.js';

/** In the place of an experiment: it is in the phase that lookNow names, until it is aborted. */
export async function runExperiment({ plan }: RunExperimentInput): Promise<void> {
  let isOver = false;
  let phase: ExperimentPhase = 'acquiring';
  const status = () => ({ plan, phase, reason: '', verdict: null, conclusion: null, step: 0, startedAtMs: 0, nextLookAtMs: null, look: null, events: [] });
  setHandler(experimentStatusQuery, status);
  setHandler(lookNowSignal, ({ reason }) => {
    phase = reason as ExperimentPhase;
    upsertSearchAttributes([{ key: kaizenSearchAttributes.phase, value: reason }]);
  });
  setHandler(abortUpdate, () => {
    isOver = true;
    return status();
  });
  await condition(() => isOver);
}
