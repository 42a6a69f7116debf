import { allHandlersFinished, ApplicationFailure, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import type { ExperimentConclusion } from '../domain/experiments/experiment.js';
import { begin } from './experiment/begin.js';
import { experimentCalls, type ExperimentCalls } from './experiment/calls.js';
import { conclude, takeBack } from './experiment/close.js';
import { deploy, keep, monitor } from './experiment/deploy.js';
import { Experiment, type Ending } from './experiment/experiment.js';
import { observe } from './experiment/observe.js';
import { abortUpdate, approveUpdate, experimentStatusQuery, extendUpdate, lookNowSignal, pauseExperimentUpdate, resumeExperimentUpdate, type RunExperimentInput } from './kaizen-messages.js';

/**
 * Runs one experiment from the taking of its parameter to its end: sessions come in step by step, the evidence is looked at
 * at every tick, a better treatment is deployed step by step and watched, and whatever does harm is taken back. Cancelling the
 * workflow aborts it.
 *
 * @returns how it closed; sessions then read either the treatment (`kept`), or nothing of this experiment.
 */
export async function runExperiment(input: RunExperimentInput): Promise<ExperimentConclusion> {
  const experiment = new Experiment(input);
  acceptMessages(experiment);
  let cancellation: unknown;
  CancellationScope.current().cancelRequested.catch((reason: unknown) => {
    cancellation = reason;
    experiment.wantAborted('cancellation', 'the workflow was cancelled');
  });
  const conclusion = await CancellationScope.nonCancellable(() => conduct(experiment, experimentCalls(input)));
  if (cancellation !== undefined) throw cancellation;
  return conclusion;
}

async function conduct(experiment: Experiment, calls: ExperimentCalls): Promise<ExperimentConclusion> {
  const ending = await story(experiment, calls);
  if (ending.conclusion !== 'kept') await takeBack(experiment, calls, ending);
  await conclude(experiment, calls, ending);
  await condition(allHandlersFinished);
  return ending.conclusion;
}

/** A continued run goes on where it was. */
async function story(experiment: Experiment, calls: ExperimentCalls): Promise<Ending> {
  const { state } = experiment;
  if (!experiment.isEnrolling) {
    const ending = await begin(experiment, calls);
    if (ending) return ending;
  }
  if (state.verdict !== 'SHIP') {
    const ending = await observe(experiment, calls);
    if (ending) return ending;
  }
  return (await deploy(experiment, calls)) ?? (await monitor(experiment, calls)) ?? keep(experiment, calls);
}

function acceptMessages(experiment: Experiment): void {
  const { state } = experiment;
  setHandler(experimentStatusQuery, () => experiment.status(), { description: 'Phase, reason, evidence so far and the decisions' });
  setHandler(lookNowSignal, () => experiment.wantLook(), { description: 'Look now, not at the next tick' });
  setHandler(approveUpdate, ({ by }) => told(experiment, () => experiment.approve(by)), {
    validator: (_command) => refuseUnless(state.phase === 'waiting_for_approval' || state.approvedBy !== null, `${state.phase}: nobody has to approve it now`),
    description: 'By a person: start it',
  });
  setHandler(pauseExperimentUpdate, ({ by, reason }) => told(experiment, () => experiment.wantPaused(by, reason)), {
    validator: (_command) => refuseUnless(state.phase === 'running' || state.phase === 'paused', `${state.phase}: only a running one can be paused`),
    description: 'By a person: take nobody new in; harm is still looked for',
  });
  setHandler(resumeExperimentUpdate, ({ by }) => told(experiment, () => experiment.wantResumed(by)), {
    validator: (_command) => refuseUnless(state.phase === 'running' || state.phase === 'paused', `${state.phase}: only a paused one can be resumed`),
    description: 'By a person: go on after a pause',
  });
  setHandler(extendUpdate, ({ by, deadlineMs }) => told(experiment, () => experiment.extend(by, deadlineMs)), {
    validator: ({ deadlineMs }) => {
      refuseUnless(state.conclusion === null && state.verdict !== 'SHIP', `${state.phase}: it has no deadline any more`);
      refuseUnless(Number.isFinite(deadlineMs) && deadlineMs > 0, `a deadline is put off by more than 0 ms, not by ${deadlineMs}`);
    },
    description: 'By a person: put the deadline off, ms',
  });
  setHandler(abortUpdate, ({ by, reason }) => told(experiment, () => experiment.wantAborted(by, reason)), { description: 'By a person: take back what it gave, and end it' });
}

function told(experiment: Experiment, change: () => void): ReturnType<Experiment['status']> {
  change();
  return experiment.status();
}

/** @throws ApplicationFailure NotNow */
function refuseUnless(isSo: boolean, otherwise: string): void {
  if (!isSo) throw ApplicationFailure.nonRetryable(otherwise, 'NotNow');
}
