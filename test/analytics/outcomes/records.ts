import { randomUUID } from 'node:crypto';
import type { Assignment } from '../../../analytics/outcomes/store.js';
import { outcomeOf, type Outcome } from '../../../domain/outcome.js';
import { parametersSchema } from '../../../domain/parameters.js';
import { fixtureReport } from '../../client/fixture-session.js';

/** A crashed first attempt of a session of its own. */
export function outcome(change: Partial<Outcome> = {}): Outcome {
  const context = { agent: 'command', parameters: parametersSchema.parse({}), resumeStrategy: 'native', previousEndedAtMs: null } as const;
  return { ...outcomeOf(fixtureReport(1), context), attemptId: randomUUID(), sessionId: randomUUID(), ...change };
}

/** A session of its own, in the treatment arm of a danger zone's experiment. */
export function assignment(change: Partial<Assignment> = {}): Assignment {
  return { experimentId: 'experiment/danger_zone/1', sessionId: randomUUID(), parameter: 'danger_zone', arm: 'treatment', value: 0.6, assignedAtMs: 1_000, ...change };
}
