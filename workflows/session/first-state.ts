import { emptyHistory } from '../../domain/restart-policy.js';
import type { CarriedSession, SuperviseSessionInput } from '../messages.js';

/** What a session begins with. */
export function firstState({ spec }: SuperviseSessionInput): CarriedSession {
  return {
    epoch: 0,
    restarts: 0,
    history: emptyHistory,
    desired: 'running',
    pauseReason: null,
    state: 'starting',
    reason: 'first start',
    attempt: null,
    lastEnds: [],
    checkpoint: null,
    strategy: spec.parameters.resumeStrategy,
    wait: null,
    unsettled: null,
    checkpointRequests: 0,
    checkpointProblem: null,
    hostAwaySinceMs: null,
    pausedBy: '',
    stoppedBy: '',
    startedAtMs: Date.now(),
  };
}
