import { condition, patched } from '@temporalio/workflow';
import { formatDuration } from '../../domain/duration.js';
import { monitoringId } from '../../domain/experiments/experiment.js';
import { failedLooksAllowed, harmIn } from '../../domain/experiments/verdict.js';
import { answer, type ExperimentCalls, type PublishedParameter } from './calls.js';
import type { Ending, Experiment } from './experiment.js';
import { summarize } from '../one-line.js';

/** New sessions that have to have come before it is strange that none of them got the deployed value. */
const sessionsToBeSeen = 20;

/**
 * One turn of any wait: until the next tick, or until somebody says something, then a look. Harm comes first, whatever is
 * waited for; then a person's word; then whether the parameter is still this experiment's.
 *
 * @param wakes what else ends the wait. @returns how the experiment ends, or null where it goes on.
 */
export async function turn(experiment: Experiment, calls: ExperimentCalls, wakes: () => boolean = () => false): Promise<Ending | null> {
  const { state, plan } = experiment;
  const untilMs = (state.nextLookAtMs ??= Date.now() + plan.tickMs);
  const isCalled = () => state.abort !== null || experiment.wantsLook || wakes();
  const summary = summarize(`${state.phase}, next look in ${formatDuration(Math.max(0, untilMs - Date.now()))}: ${state.reason}`);
  const isBefore = untilMs > Date.now();
  const wasCalled = isBefore && (await condition(isCalled, Math.min(plan.tickMs, untilMs - Date.now()), { summary }));
  if (state.abort !== null) return aborted(experiment);
  if (!isDue(wasCalled, untilMs) && !experiment.wantsLook) return null;
  return look(experiment, calls);
}

/** A tick is over when its timer says so. The clock is not asked again: one that was set back would put off the look for harm for as long. */
function isDue(wasCalled: boolean, untilMs: number): boolean {
  const isPast = untilMs <= Date.now();
  // It was asked by earlier releases: where both say the same, nothing needs to be known of the release.
  return wasCalled === isPast && !patched('tick-ends-with-its-timer') ? isPast : !wasCalled;
}

/** Looks now, and tells people what they should hear of. */
async function look(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  const { state } = experiment;
  const nowMs = Date.now();
  state.nextLookAtMs = nowMs + experiment.plan.tickMs;
  experiment.lookTaken();
  const isDeployed = state.deployedShare > 0;
  const unitsOf = isDeployed ? monitoringId(experiment.plan.id) : experiment.plan.id;
  const seen = await answer(
    () => calls.look({ plan: experiment.plan, unitsOf, state: state.analysis, nowMs }),
    () => state.abort !== null,
  );
  if (seen.kind === 'given_up') return aborted(experiment);
  if (seen.kind === 'failed') {
    state.failedLooks += 1;
    experiment.note(`a look failed: ${seen.message}`);
    // Before the deploy the verdict counts them.
    return isDeployed && state.failedLooks >= failedLooksAllowed ? { conclusion: 'restored', verdict: 'ROLLBACK', reason: `${state.failedLooks} looks in a row failed: nobody can see whether the deploy does harm` } : null;
  }
  const { assigned, published } = seen.result;
  experiment.looked(seen.result.state, seen.result.look);
  const harm = harmIn(experiment.plan, seen.result.look);
  if (harm) return { conclusion: isDeployed ? 'restored' : 'rolled_back', verdict: 'ROLLBACK', reason: harm };
  const gone = whyGone(experiment, published);
  if (gone) return gone;
  if (isDeployed && assigned.control + assigned.treatment >= sessionsToBeSeen && assigned.treatment === 0)
    return { conclusion: 'restored', verdict: 'ROLLBACK', reason: `the deploy does not reach sessions: none of the last ${assigned.control} got ${experiment.plan.treatment}` };
  await tellOfScope(experiment, calls);
  return null;
}

export function aborted({ state, plan }: Experiment): Ending {
  const { by, reason } = state.abort ?? { by: 'nobody', reason: '' };
  return { conclusion: state.settled ? 'restored' : 'aborted', verdict: state.verdict, reason: `${plan.id} was aborted by ${by}: ${reason}` };
}

/** A parameter that is not as this experiment left it: somebody set it, or the next experiment took it. Their value is not touched. */
function whyGone({ state, plan }: Experiment, published: PublishedParameter | null): Ending | null {
  const isOurs = state.deployedShare > 0 ? published?.rollout?.experimentId === plan.id : published?.enrolment?.experimentId === plan.id;
  if (isOurs) return null;
  if (state.settled && published?.value === plan.treatment) return { conclusion: 'kept', verdict: 'SHIP', reason: `${plan.treatment} was taken over: the watch is over` };
  return { conclusion: 'aborted', verdict: state.verdict, reason: `${plan.parameter} was changed from outside to ${published?.value ?? 'nothing'}` };
}

/** A bound that control breaks is no treatment's doing, but somebody should know: once for each. */
async function tellOfScope({ state, plan }: Experiment, calls: ExperimentCalls): Promise<void> {
  for (const finding of state.look?.findings ?? []) {
    const key = `${finding.bound} of ${finding.arm}`;
    if (finding.arm !== 'control' || finding.verdict !== 'violated' || state.alerted.includes(key)) continue;
    state.alerted.push(key);
    await answer(() => calls.alert({ kind: 'scope_bound_broken', experimentId: plan.id, parameter: plan.parameter, message: finding.message, facts: finding, atMs: Date.now() }));
  }
}
