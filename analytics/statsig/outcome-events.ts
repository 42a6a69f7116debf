import type { Outcome } from '../../domain/outcome.js';
import { sessionEvent } from './event-log.js';
import type { SdkEvent } from './sdk.js';

/** What Statsig is told of an attempt that has ended, in the words of its events; the same outcome makes the same events to the letter. */
export function outcomeEvents({ sessionId, attemptId, crashed, exitClass, endedAtMs, runningAtMs, resumeStrategy, downtimeMs, checkpoints, parameters }: Outcome): SdkEvent[] {
  const interval = parameters.checkpointIntervalMinutes;
  const events: SdkEvent[] = [];
  if (downtimeMs !== null && runningAtMs !== null) events.push(sessionEvent('restart_completed', sessionId, { attemptId, strategy: resumeStrategy, duration: downtimeMs }, runningAtMs));
  // An outcome tells how many there were, and how long they took in all.
  if (checkpoints.made > 0) events.push(sessionEvent('checkpoint_created', sessionId, { attemptId, interval, count: checkpoints.made, duration: checkpoints.totalMs / checkpoints.made }, endedAtMs));
  if (crashed) events.push(sessionEvent('crash_occurred', sessionId, { attemptId, interval, exitClass }, endedAtMs));
  return events;
}
