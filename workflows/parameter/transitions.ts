import { ApplicationFailure } from '@temporalio/workflow';
import { moment } from '../../domain/moment.js';
import { checkParameterValue, ParameterValueError, type ParameterName, type ParameterValue } from '../../domain/parameter-table.js';
import { invalidValue, nobodyNew, parameterTaken, type Enrolment, type ParameterStatus, type Rollout } from '../kaizen-messages.js';

/** Changes of the history that a status tells. */
const historyKept = 50;

/**
 * What a request makes of a parameter. Each function is pure; where the request changes nothing it returns the very status that
 * it was given, and where what sessions are given changes the version is one higher.
 */
export type Transition = (status: ParameterStatus, atMs: number) => ParameterStatus;

/** The experiment that the parameter is in the hands of: its holder, or one that only watches its rollout. */
export function ownerOf({ holder, enrolment, rollout }: ParameterStatus): string | null {
  return holder ?? enrolment?.experimentId ?? rollout?.experimentId ?? null;
}

/** Why no experiment may take the parameter now, one line; null where one may. */
export function notToBeTaken({ name, frozen, coolDownUntilMs }: ParameterStatus, atMs: number): string | null {
  if (frozen) return `${name} is frozen by ${frozen.by}: ${frozen.reason}`;
  if (coolDownUntilMs !== null && coolDownUntilMs > atMs) return `${name} is cooling down until ${moment(coolDownUntilMs)} UTC`;
  return null;
}

export function acquired(experimentId: string): Transition {
  return (status) => ({ ...status, holder: experimentId, coolDownUntilMs: null });
}

export function released(experimentId: string, coolDownMs: number, reason: string): Transition {
  return (status, atMs) => {
    if (status.holder !== experimentId) return status;
    const free: ParameterStatus = { ...status, holder: null, coolDownUntilMs: coolDownMs > 0 ? atMs + coolDownMs : null };
    return status.enrolment?.experimentId === experimentId ? given(free, { enrolment: null }, experimentId, reason, atMs) : free;
  };
}

/** @throws ApplicationFailure ParameterTaken */
export function enrolled(experimentId: string, enrolment: Enrolment | null, reason: string): Transition {
  return (status, atMs) => {
    if (enrolment === null) return status.enrolment?.experimentId === experimentId ? given(status, { enrolment }, experimentId, reason, atMs) : status;
    if (isSame(status.enrolment, enrolment)) return status;
    // A pause is for the better even of what is frozen.
    requireHeld(enrolment.startedAtMs === nobodyNew ? { ...status, frozen: null } : status, experimentId);
    if (status.value !== enrolment.control) throw taken(`${status.name} is ${status.value} now, not the ${enrolment.control} that ${experimentId} was planned for`);
    return given(status, { enrolment }, experimentId, reason, atMs);
  };
}

/** @throws ApplicationFailure ParameterTaken */
export function deployed(experimentId: string, value: ParameterValue, share: number, version: number, reason: string): Transition {
  return (status, atMs) => {
    const rollout: Rollout = { experimentId, control: status.lastKnownGood, share };
    if (status.value === value && status.enrolment === null && isSame(status.rollout, rollout)) return status;
    requireHeld(status, experimentId);
    const other = status.history.find((change) => change.version > version && change.by !== experimentId);
    if (other) throw taken(`${status.name} was changed by ${other.by} at ${new Date(other.atMs).toISOString()}: ${other.reason}`);
    return given(status, { value, rollout, enrolment: null }, experimentId, reason, atMs);
  };
}

/** Takes back all that an experiment gave to sessions; of another's nothing. */
export function restored(experimentId: string, reason: string): Transition {
  return (status, atMs) => {
    const deploys = status.rollout?.experimentId === experimentId;
    const enrols = status.enrolment?.experimentId === experimentId;
    if (!deploys && !enrols) return status;
    return given(status, { enrolment: enrols ? null : status.enrolment, ...(deploys ? { value: status.lastKnownGood, rollout: null } : {}) }, experimentId, reason, atMs);
  };
}

export function kept(experimentId: string, reason: string): Transition {
  return (status, atMs) => {
    if (status.rollout?.experimentId !== experimentId) return status;
    return { ...given(status, { rollout: null }, experimentId, reason, atMs), lastKnownGood: status.value };
  };
}

/** What a person sets goes to everybody, and no experiment has the parameter any more. */
export function setByPerson(value: ParameterValue, by: string, reason: string): Transition {
  return (status, atMs) => {
    if (status.version > 0 && status.value === value && ownerOf(status) === null) return status;
    return { ...given(status, { value, rollout: null, enrolment: null }, by, reason, atMs), lastKnownGood: value, holder: null };
  };
}

/** What stands in the store with a higher version than ours: somebody published it without asking here. */
export function adopted(published: Pick<ParameterStatus, 'value' | 'version' | 'rollout' | 'enrolment'>): Transition {
  const { value, version, rollout, enrolment } = published;
  return (status, atMs) => {
    // The holder keeps what still bears its name; after a loss of this entity it is known by that again.
    const owner = enrolment?.experimentId ?? (rollout?.experimentId === status.holder ? status.holder : null);
    const history = [...status.history, { atMs, version, value, by: 'library', reason: 'it was published in the store by somebody else' }].slice(-historyKept);
    return { ...status, value, version, rollout, enrolment, holder: owner, lastKnownGood: rollout?.control ?? value, history };
  };
}

/** @throws ApplicationFailure InvalidValue where the parameter cannot have the value. */
export function checkValue(name: ParameterName, value: ParameterValue): void {
  try {
    checkParameterValue(name, value);
  } catch (error) {
    if (!(error instanceof ParameterValueError)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, invalidValue);
  }
}

/** @throws ApplicationFailure InvalidValue */
export function checkShare(share: number): void {
  if (!(share > 0 && share <= 1)) throw ApplicationFailure.nonRetryable(`a share is above 0 and at most 1, not ${share}`, invalidValue);
}

export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other));
}

/** With its keys in order: what comes back from a store need not have ours. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, inner]) => [key, inOrder(inner)]);
}

function given(status: ParameterStatus, change: Partial<Pick<ParameterStatus, 'value' | 'rollout' | 'enrolment'>>, by: string, reason: string, atMs: number): ParameterStatus {
  const next = { ...status, ...change, version: status.version + 1 };
  return { ...next, history: [...status.history, { atMs, version: next.version, value: next.value, by, reason }].slice(-historyKept) };
}

function requireHeld({ name, holder, frozen }: ParameterStatus, experimentId: string): void {
  if (holder !== experimentId) throw taken(`${name} is ${holder === null ? 'not held by any experiment' : `held by ${holder}`}, so ${experimentId} cannot change it`);
  if (frozen) throw taken(`${name} is frozen by ${frozen.by}: ${frozen.reason}`);
}

function taken(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, parameterTaken);
}
