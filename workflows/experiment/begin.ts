import { condition } from '@temporalio/workflow';
import { formatDuration } from '../../domain/duration.js';
import { parameterTaken } from '../kaizen-messages.js';
import { answer, type ExperimentCalls } from './calls.js';
import type { Ending, Experiment } from './experiment.js';
import { aborted } from './watch.js';

/** Takes the parameter, asks a person where that is wanted, and enrols. Each compensation is noted before its step. */
export async function begin(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  return (await acquire(experiment, calls)) ?? (await waitForApproval(experiment, calls)) ?? enrol(experiment, calls);
}

async function acquire(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  const { state, plan } = experiment;
  experiment.enter('acquiring', `takes ${plan.parameter}`);
  experiment.willUndo('release');
  const acquisition = await calls.acquire();
  if (!acquisition.granted) return { conclusion: 'refused', verdict: null, reason: acquisition.reason };
  state.version = acquisition.status.version;
  if (acquisition.status.value !== plan.control) return { conclusion: 'refused', verdict: null, reason: `${plan.parameter} is ${acquisition.status.value} now, not the ${plan.control} that this was planned for` };
  return state.abort ? aborted(experiment) : null;
}

/** No session has the treatment yet, so that there is no harm to look for. */
async function waitForApproval(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  const { state, plan } = experiment;
  if (!plan.needsApproval) return null;
  experiment.enter('waiting_for_approval', 'a person has to approve it before it starts');
  await answer(() => calls.save(experiment.status(), Date.now()));
  const isAnswered = await condition(() => state.approvedBy !== null || state.abort !== null, plan.deadlineMs, { summary: `a person has to approve it within ${formatDuration(plan.deadlineMs)}: update approve` });
  if (state.abort) return aborted(experiment);
  if (!isAnswered) return { conclusion: 'refused', verdict: null, reason: 'nobody approved it before its deadline' };
  experiment.note(`approved by ${state.approvedBy}`);
  return null;
}

async function enrol(experiment: Experiment, calls: ExperimentCalls): Promise<Ending | null> {
  const { state, plan } = experiment;
  const isAborted = () => state.abort !== null;
  experiment.enter('acquiring', `registers ${state.statsigName} at Statsig`);
  experiment.willUndo('abandon');
  const registered = await answer(() => calls.register(state.statsigName), isAborted);
  if (registered.kind === 'given_up') return aborted(experiment);
  if (registered.kind === 'failed') return { conclusion: 'aborted', verdict: null, reason: `Statsig refused it: ${registered.message}` };
  state.registered = registered.result;
  experiment.willUndo('restore');
  const enrolment = { experimentId: plan.id, statsigName: state.statsigName, control: plan.control, treatment: plan.treatment, startedAtMs: Date.now() };
  const enrolled = await answer(() => calls.enrol(enrolment, `new sessions come into ${plan.id}`), isAborted);
  if (enrolled.kind === 'given_up') return aborted(experiment);
  if (enrolled.kind === 'failed') return { conclusion: enrolled.type === parameterTaken ? 'refused' : 'aborted', verdict: null, reason: enrolled.message };
  state.enrolledAtMs = Date.now();
  experiment.enter('running', `${plan.parameter} ${plan.treatment} against ${plan.control}`);
  await answer(() => calls.save(experiment.status(), Date.now()));
  return null;
}
