import { formatDuration } from './duration.js';
import type { FleetSettings } from './fleet.js';

/** A counted failure of a member, Unix ms. */
export interface MemberFailure {
  name: string;
  atMs: number;
  /** One line. */
  reason: string;
}

/** What a failure of a member leads to. */
export interface FailureVerdict {
  /** The failures that still count, oldest first. */
  failures: MemberFailure[];
  /** Why the fleet is given up; null where it goes on. */
  escalation: string | null;
  /** Members to be restarted with it, in the fleet's order. The member itself is restarted by its own session. */
  restart: string[];
}

/**
 * Judges failures that a fleet is told of: whether the fleet as a whole fails too often, and who else is restarted.
 *
 * @param order names of the members in the fleet's order. @param known the failures that counted before.
 */
export function judgeFailures(settings: FleetSettings, order: readonly string[], known: readonly MemberFailure[], fresh: readonly MemberFailure[], nowMs: number): FailureVerdict {
  const { maxFailures, windowMs } = settings.intensity;
  const failures = [...known, ...fresh].filter(({ atMs }) => atMs > nowMs - windowMs);
  const last = failures.at(-1);
  if (failures.length > maxFailures && last && fresh.length > 0) {
    return { failures, escalation: `${failures.length} failures of members in ${formatDuration(windowMs)}, ${maxFailures} allowed; the last: ${last.name}, ${last.reason}`, restart: [] };
  }
  const failed = new Set(fresh.map(({ name }) => name));
  return { failures, escalation: null, restart: failed.size === 0 ? [] : restartedWith(settings, order, failed) };
}

function restartedWith({ strategy }: FleetSettings, order: readonly string[], failed: ReadonlySet<string>): string[] {
  switch (strategy) {
    case 'one_for_one':
      return [];
    case 'one_for_all':
      return order.filter((name) => !failed.has(name));
    case 'rest_for_one': {
      const first = order.findIndex((name) => failed.has(name));
      return first < 0 ? [] : order.slice(first + 1).filter((name) => !failed.has(name));
    }
  }
}
