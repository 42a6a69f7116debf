import { sleep } from '@temporalio/workflow';
import { answer, type ExperimentCalls } from './calls.js';
import type { Compensation, Ending, Experiment } from './experiment.js';

/** Between two looks whether what was taken back is really gone. */
const verifyAgainAfter = '1 s';

/**
 * Ends an experiment whose treatment does not stay: undoes what was begun, last step first, without limit of time, and reads
 * back that nothing of it stands. Statsig and the ledger come after what sessions are given.
 */
export async function takeBack(experiment: Experiment, calls: ExperimentCalls, ending: Ending): Promise<void> {
  const { state } = experiment;
  if (ending.verdict) experiment.decided(ending.verdict);
  if (state.undo.length > 0) experiment.enter('restoring', ending.reason);
  for (const compensation of state.undo.toReversed()) {
    await compensations[compensation](experiment, calls, ending);
    experiment.undone(compensation);
  }
}

const compensations: Readonly<Record<Compensation, (experiment: Experiment, calls: ExperimentCalls, ending: Ending) => Promise<void>>> = {
  async restore({ plan }, calls, { reason }) {
    for (;;) {
      await calls.restore(reason);
      const published = await calls.readBack();
      if (published?.enrolment?.experimentId !== plan.id && published?.rollout?.experimentId !== plan.id) return;
      await sleep(verifyAgainAfter, { summary: 'until it is read back again' });
    }
  },

  async abandon({ state }, calls, { reason }) {
    // One that is not known to be registered assigns nobody: it has no share of the sessions.
    if (state.registered) await calls.closeAtStatsig({ call: 'abandon', experiment: state.registered, reason, nowMs: Date.now() });
  },

  async release({ plan, state }, calls, { reason }) {
    // Of a rollout that was only watched any more the parameter is free; a refuted claim takes it once more, to cool it down.
    if (state.settled) {
      const { granted } = await calls.acquire();
      if (!granted) return;
    }
    await calls.release(plan.coolDownMs, reason);
  },
};

/** Tells people of harm, the ledger what the evidence was, and the store how it ended. */
export async function conclude(experiment: Experiment, calls: ExperimentCalls, { conclusion, verdict, reason }: Ending): Promise<void> {
  const { state, plan } = experiment;
  if (conclusion === 'rolled_back' || conclusion === 'restored') {
    const facts = { findings: state.look?.findings ?? [], arms: state.look?.arms ?? null };
    await answer(() => calls.alert({ kind: conclusion, experimentId: plan.id, parameter: plan.parameter, message: `${plan.parameter} is ${plan.control} again: ${reason}`, facts, atMs: Date.now() }));
  }
  if (!state.settled) await calls.learnResult(evidenceOf(experiment, conclusion));
  state.conclusion = conclusion;
  state.verdict = verdict;
  state.nextLookAtMs = null;
  experiment.enter('closed', reason);
  await calls.saveForGood(experiment.status(), Date.now());
}

/** Of arms that are not comparable, and of an experiment that a person or a fault ended, there is none. */
function evidenceOf({ state }: Experiment, conclusion: Ending['conclusion']): number {
  const look = state.deciding ?? state.look;
  if (!look || look.sampleRatio.mismatch || conclusion === 'aborted' || conclusion === 'refused') return 0;
  return look.logEValue;
}
