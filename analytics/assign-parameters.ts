import type { AssignedParameters, AssignParametersInput } from '../domain/assignment.js';
import { monitoringId } from '../domain/experiments/experiment.js';
import { parameterTable, withValues, type ParameterName, type ParameterValue } from '../domain/parameter-table.js';
import type { Assignment, PublishedParameter, Store } from './outcomes/store.js';
import { userBucket } from './statsig/bucketing.js';
import type { ExperimentPlatform } from './statsig/platform.js';

/** Of userBucket. */
const buckets = 1_000;

/** What an assignment rests on. */
export interface AssignmentSources {
  store: Pick<Store, 'parameters' | 'assignmentsOf' | 'assign'>;
  platform: Pick<ExperimentPlatform, 'assign'>;
}

/**
 * What a session is to run with: of each parameter that no person has pinned, the value as it is published; the arm's where the
 * session is in an experiment or a rollout. An assignment is stored before it is answered, and stands from then on. A session
 * that has had an attempt is assigned to nothing new.
 *
 * @throws ParameterValueError where what is published is no value of its parameter.
 */
export async function assignParameters(sources: AssignmentSources, input: AssignParametersInput, nowMs: number): Promise<AssignedParameters> {
  const [published, stored] = await Promise.all([sources.store.parameters(), sources.store.assignmentsOf(input.sessionId)]);
  const values: Partial<Record<ParameterName, ParameterValue>> = {};
  const assignments: AssignedParameters['assignments'] = [];
  for (const parameter of published) {
    if (parameterTable[parameter.name].field === null || input.pinned.includes(parameter.name)) continue;
    const assignment = (await inExperiment(sources, input, parameter, stored, nowMs)) ?? (await inRollout(sources, input, parameter, stored, nowMs));
    values[parameter.name] = assignment?.value ?? valueOutside(parameter, input.sessionId);
    if (assignment) assignments.push({ experimentId: assignment.experimentId, parameter: parameter.name, arm: assignment.arm });
  }
  return { parameters: withValues(input.parameters, values), assignments };
}

/** By the experiment that is enrolling sessions; null for a session that is not in it. */
async function inExperiment({ store, platform }: AssignmentSources, { sessionId, attempts, startedAtMs }: AssignParametersInput, parameter: PublishedParameter, stored: readonly Assignment[], nowMs: number): Promise<Assignment | null> {
  const { name, enrolment } = parameter;
  if (!enrolment) return null;
  const { experimentId, statsigName, control, treatment } = enrolment;
  const known = stored.find((assignment) => assignment.experimentId === experimentId);
  if (known) return known;
  if (attempts > 0 || startedAtMs < enrolment.startedAtMs) return null;
  const assigned = platform.assign(statsigName, sessionId);
  if (!assigned) return null;
  const { arm } = assigned;
  const given: Assignment = { experimentId, sessionId, parameter: name, arm, value: arm === 'treatment' ? treatment : control, assignedAtMs: nowMs };
  return store.assign(given);
}

/** By the rollout of a value; null where there is none, or for a session that began before it knew of it. */
async function inRollout({ store }: AssignmentSources, { sessionId, attempts }: AssignParametersInput, parameter: PublishedParameter, stored: readonly Assignment[], nowMs: number): Promise<Assignment | null> {
  const { name, rollout } = parameter;
  if (!rollout) return null;
  const experimentId = monitoringId(rollout.experimentId);
  const known = stored.find((assignment) => assignment.experimentId === experimentId);
  if (known || attempts > 0) return known ?? null;
  const arm = isWithin(rollout, sessionId) ? 'treatment' : 'control';
  return store.assign({ experimentId, sessionId, parameter: name, arm, value: valueOutside(parameter, sessionId), assignedAtMs: nowMs });
}

/** What a session gets that is in nothing: the value, or, outside a rollout's share, the one before. */
function valueOutside({ value, rollout }: PublishedParameter, sessionId: string): ParameterValue {
  return rollout && !isWithin(rollout, sessionId) ? rollout.control : value;
}

/** A share that grows keeps whom it had. */
function isWithin({ experimentId, share }: NonNullable<PublishedParameter['rollout']>, sessionId: string): boolean {
  return userBucket(`${experimentId}:rollout`, sessionId) < share * buckets;
}
