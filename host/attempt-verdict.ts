import { judge, type WatchdogVerdict } from '../domain/watchdog.js';
import type { ActivityClock } from './activity-clock.js';
import type { Intent } from './attempt-ending.js';
import type { TreeSample } from './process/resources.js';
import type { SessionLimits } from '../domain/session.js';
import type { SignalCollector } from './signal-collector.js';

/** What a living attempt is judged by. */
export interface JudgedAttempt {
  /** It was seen to run. */
  running: boolean;
  collector: SignalCollector;
  clock: ActivityClock;
  limits: SessionLimits;
  hangTimeoutMs: number;
}

/** What the watchdog says at a look. @param sample of its tree, null where there is none. @param nowMs of the monotonic clock. @returns null where it may go on. */
export function verdictOf({ running, collector, clock, limits, hangTimeoutMs }: JudgedAttempt, sample: TreeSample | null, nowMs: number): WatchdogVerdict | null {
  const facts = { nowMs, ...clock.times, running, toolCallPending: collector.signals.pending.length > 0, treeIsStopped: sample?.allStopped ?? false, rssBytes: sample?.rssBytes ?? 0 };
  return judge(facts, limits, hangTimeoutMs);
}

/** Between two operations, an attempt whose context is in its danger zone is not left to fill it up. @returns why it is to be ended; null where it may go on. */
export function fullContext({ signals, risk, dangerZone }: SignalCollector): Intent | null {
  const { contextUse } = risk;
  if (contextUse === null || contextUse < dangerZone || signals.pending.length > 0) return null;
  return { exitClass: 'recycled', reason: `context ${Math.round(contextUse * 100)} % full, danger zone at ${Math.round(dangerZone * 100)} %` };
}
