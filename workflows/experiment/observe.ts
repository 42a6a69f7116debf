import { decideVerdict } from '../../domain/experiments/verdict.js';
import { formatShare } from '../../domain/share.js';
import { nobodyNew } from '../kaizen-messages.js';
import { answer, type ExperimentCalls } from './calls.js';
import { continueWhenLong } from './continue.js';
import type { Ending, Experiment } from './experiment.js';
import { turn } from './watch.js';

/** Looks until there is a verdict, widening the ramp, and holding still while a person wants it. @returns null on SHIP. */
export async function observe(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  const { state } = experiment;
  await widen(experiment, calls);
  for (;;) {
    const ending = (await followPause(experiment, calls)) ?? (await turn(experiment, calls, () => (state.paused !== null) !== (state.phase === 'paused')));
    if (ending) return ending;
    if (state.phase !== 'paused') {
      const { verdict, reason } = decideVerdict(experiment.plan, state.look, experiment.context);
      experiment.decided(verdict);
      if (verdict === 'SHIP') {
        experiment.note(reason);
        return null;
      }
      if (verdict === 'ROLLBACK') return { conclusion: 'rolled_back', verdict, reason };
      if (verdict === 'NO_EVIDENCE') return { conclusion: 'no_evidence', verdict, reason };
      experiment.enter('running', reason);
      await widen(experiment, calls);
    }
    await continueWhenLong(experiment);
  }
}

/** The next step of the ramp, once enough units have matured in this one. Statsig may be away: then at the next look. */
async function widen(experiment: Experiment, calls: ExperimentCalls): Promise<void> {
  const { state, plan } = experiment;
  const units = state.look ? state.look.arms.control.units + state.look.arms.treatment.units : 0;
  const share = plan.ramp[state.widened];
  if (share === undefined || state.registered === null || units < state.widened * plan.unitsPerStep || state.failedLooks > 0) return;
  const { registered } = state;
  const allocated = await answer(
    () => calls.allocate(registered, share),
    () => state.abort !== null,
  );
  if (allocated.kind !== 'done') return;
  state.widened += 1;
  experiment.note(`${formatShare(share)} of new sessions are in it`);
  await answer(() => calls.save(experiment.status(), Date.now()));
}

/** In a pause nobody new comes in; sessions that are in it keep what they were given, and harm is looked for. */
async function followPause(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  const { state, plan } = experiment;
  if ((state.paused !== null) === (state.phase === 'paused')) return null;
  const { paused } = state;
  const reason = paused ? `paused by ${paused.by}: ${paused.reason}` : 'resumed';
  const enrolment = { experimentId: plan.id, statsigName: state.statsigName, control: plan.control, treatment: plan.treatment, startedAtMs: paused ? nobodyNew : Date.now() };
  const enrolled = await answer(
    () => calls.enrol(enrolment, reason),
    () => state.abort !== null,
  );
  if (enrolled.kind === 'failed') return { conclusion: 'aborted', verdict: state.verdict, reason: enrolled.message };
  if (enrolled.kind === 'done') experiment.enter(paused ? 'paused' : 'running', reason);
  await answer(() => calls.save(experiment.status(), Date.now()));
  return null;
}
