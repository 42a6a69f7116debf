/** What of a session's checkpoints is kept. A checkpoint is kept if any rule keeps it. */
export interface Retention {
  /** The newest ones. */
  last: number;
  /** One for each of the last hours and days that have one. */
  hourly: number;
  daily: number;
  /** What a session's checkpoints may take on disk; without a limit if absent. Past it the oldest go, whatever rule keeps them but a pin. */
  bytes?: number;
}

export const defaultRetention: Retention = { last: 5, hourly: 24, daily: 30, bytes: 2_000_000_000 };

/** The least age of outcomes that may be forgotten, ms: the kaizen loop compares the last 14 days with the 14 before; this is twice that. */
export const leastOutcomeAgeMs = 56 * 86_400_000;

/**
 * Chooses the checkpoints to delete.
 *
 * @param checkpoints oldest first; times in Unix ms.
 * @param keep ids that stay whatever the rules say.
 */
export function choosePruned(checkpoints: readonly { id: string; atMs: number }[], retention: Omit<Retention, 'bytes'>, keep: ReadonlySet<string>): string[] {
  const newestFirst = checkpoints.toReversed();
  const kept = new Set(keep);
  for (const { id } of newestFirst.slice(0, retention.last)) kept.add(id);
  keepOnePer(3_600_000, retention.hourly);
  keepOnePer(86_400_000, retention.daily);
  return checkpoints.map(({ id }) => id).filter((id) => !kept.has(id));

  function keepOnePer(periodMs: number, count: number): void {
    const periods = new Set<number>();
    for (const { id, atMs } of newestFirst) {
      const period = Math.floor(atMs / periodMs);
      if (periods.has(period)) continue;
      if (periods.size >= count) return;
      periods.add(period);
      kept.add(id);
    }
  }
}
