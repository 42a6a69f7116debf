import { patched } from '@temporalio/workflow';
import { formatDuration } from '../../domain/duration.js';
import { createAnalysis } from '../../domain/experiments/analysis.js';
import type { ArmTotals } from '../../domain/experiments/unit.js';
import { formatShare } from '../../domain/share.js';
import { parameterTaken } from '../kaizen-messages.js';
import { answer, type ExperimentCalls } from './calls.js';
import { continueWhenLong } from './continue.js';
import type { Ending, Experiment } from './experiment.js';
import { turn } from './watch.js';

/** A step of the deploy is held for so many horizons at most. */
const horizonsPerStep = 2;

/** A watch that too few sessions came to is as long as so many, and no longer. */
const watchesAtMost = 3;

/** Gives the treatment to more and more of the sessions, reading back each time, with looks between. */
export async function deploy(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  const { state, plan } = experiment;
  const last = 1 - plan.holdback;
  for (const share of [Math.min(0.5, last), last]) {
    if (state.deployedShare < share) {
      const ending = await give(experiment, calls, share);
      if (ending) return ending;
    }
    const ending = share < last ? await hold(experiment, calls) : null;
    if (ending) return ending;
  }
  return null;
}

async function give(experiment: Experiment, calls: ExperimentCalls, share: number): Promise<Ending | null> {
  const { state, plan } = experiment;
  const isAborted = () => state.abort !== null;
  experiment.enter('deploying', `gives ${plan.treatment} to ${formatShare(share)} of the sessions`);
  const deployed = await answer(() => calls.deploy(share, state.version), isAborted);
  const published = deployed.kind === 'done' ? await calls.readBack() : null;
  if (deployed.kind === 'failed') return { conclusion: 'aborted', verdict: state.verdict, reason: deployed.type === parameterTaken ? deployed.message : `the deploy failed: ${deployed.message}` };
  // Where it was given up the next turn ends it; what it may have done is taken back.
  if (deployed.kind === 'given_up') return turn(experiment, calls, isAborted);
  if (published?.value !== plan.treatment || published.rollout?.experimentId !== plan.id) return { conclusion: 'aborted', verdict: state.verdict, reason: `${plan.parameter} reads back as ${published?.value ?? 'nothing'} after the deploy of ${plan.treatment}` };
  if (state.deployedShare === 0) watchRollout(experiment);
  state.deployedShare = share;
  state.deployedAtMs = Date.now();
  experiment.note(`${formatShare(share)} of new sessions get ${plan.treatment}, read back as version ${published.version}`);
  await answer(() => calls.save(experiment.status(), Date.now()));
  return null;
}

/** From here on the rollout's sessions are looked at, against the rate of crashes that control had. */
function watchRollout({ state, plan }: Experiment): void {
  state.deciding = state.look;
  state.analysis = createAnalysis(plan, { crashRate: crashRateOf(state.analysis.totals.control) });
  state.nextLookAtMs = null;
}

/** Never 0: somebody crashes at some time. */
function crashRateOf({ crashes }: ArmTotals): number {
  return (crashes.successes + 1) / (crashes.trials + 2);
}

/** Looks at one step of the deploy until enough of its sessions have matured, or long enough. */
async function hold(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  const { state, plan } = experiment;
  const untilMs = (state.deployedAtMs ?? Date.now()) + horizonsPerStep * plan.horizonMs;
  for (let looks = 0; ; looks += 1) {
    const { control, treatment } = state.analysis.totals;
    if (looks > 0 && state.failedLooks === 0 && (Date.now() >= untilMs || control.units + treatment.units >= plan.unitsPerStep)) return null;
    const ending = await turn(experiment, calls);
    if (ending) return ending;
    await continueWhenLong(experiment);
  }
}

/**
 * Closes the records, lets the parameter go, and watches what was deployed against the holdback; for longer, where fewer sessions have
 * matured with it than a step takes.
 */
export async function monitor(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  const { state, plan } = experiment;
  if (!state.settled) await settle(experiment, calls);
  const sinceMs = state.deployedAtMs ?? Date.now();
  const isExtended = () => isUnjudged(experiment) && Date.now() < sinceMs + watchesAtMost * plan.monitorMs && patched('watch-longer-what-few-sessions-judge');
  // Nothing is kept whose last look failed.
  while (Date.now() < sinceMs + plan.monitorMs || state.failedLooks > 0 || isExtended()) {
    if (Date.now() >= sinceMs + plan.monitorMs) watchLonger(experiment);
    const ending = await turn(experiment, calls);
    if (ending) return ending;
    await continueWhenLong(experiment);
  }
  return null;
}

async function settle(experiment: Experiment, calls: ExperimentCalls): Promise<void> {
  const { state, plan } = experiment;
  experiment.enter('monitoring', `${formatShare(plan.holdback)} of the sessions keep ${plan.control}, the others are watched`);
  if (state.registered) await calls.closeAtStatsig({ call: 'decide', experiment: state.registered, arm: 'treatment', reason: `better, e-value at level ${plan.alpha}`, nowMs: Date.now() });
  experiment.undone('abandon');
  await calls.learnResult(state.deciding?.logEValue ?? 0);
  await calls.release(plan.coolDownMs, `${plan.id} only watches its deploy any more`);
  state.settled = true;
  await answer(() => calls.save(experiment.status(), Date.now()));
}

/** Whether too few of its sessions have matured since the deploy to say that it stood its watch. */
function isUnjudged({ state, plan }: Experiment): boolean {
  return state.analysis.totals.treatment.units < plan.unitsPerStep;
}

function watchLonger(experiment: Experiment): void {
  const { state, plan } = experiment;
  if (state.failedLooks > 0) return;
  const reason = `watched for longer, ${formatDuration(watchesAtMost * plan.monitorMs)} at most: too few sessions have come with ${plan.treatment}, fewer than ${plan.unitsPerStep}`;
  if (state.reason === reason) return;
  experiment.enter('monitoring', reason);
  experiment.note(reason);
}

/** What was deployed has stood its watch: it is the last known good value, and all sessions get it. */
export async function keep(experiment: Experiment, calls: ExperimentCalls): Promise<Ending> {
  const { state, plan } = experiment;
  const { units } = state.analysis.totals.treatment;
  const reason = isUnjudged(experiment) ? `${plan.treatment} is kept unjudged: ${units} of the ${plan.unitsPerStep} sessions that it takes came with it since the deploy, and none showed that it does harm` : `${plan.treatment} has stood its watch`;
  await calls.keep(reason);
  const published = await calls.readBack();
  state.undo = [];
  const isKept = published?.value === plan.treatment && published.rollout?.experimentId !== plan.id;
  return isKept ? { conclusion: 'kept', verdict: 'SHIP', reason } : { conclusion: 'aborted', verdict: 'SHIP', reason: `${plan.parameter} reads back as ${published?.value ?? 'nothing'} after its watch` };
}
