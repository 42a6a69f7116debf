import { z } from 'zod';

/** Upper ends of the buckets, ms; what takes longer than the last is in one more. */
export const checkpointTimeBoundsMs = [5, 10, 25, 50, 75, 100, 150, 250, 500, 1_000, 2_500] as const;

/** How long the checkpoints of an attempt took: constant in size, however many there were. */
export const checkpointTimesSchema = z.strictObject({
  made: z.number().int().nonnegative(),
  totalMs: z.number().nonnegative(),
  /** How many took so long; one more than there are bounds. */
  buckets: z.array(z.number().int().nonnegative()).length(checkpointTimeBoundsMs.length + 1),
});
export type CheckpointTimes = z.infer<typeof checkpointTimesSchema>;

export const noCheckpointTimes: CheckpointTimes = { made: 0, totalMs: 0, buckets: [...checkpointTimeBoundsMs, 0].map(() => 0) };

export function withCheckpoint({ made, totalMs, buckets }: CheckpointTimes, durationMs: number): CheckpointTimes {
  const found = checkpointTimeBoundsMs.findIndex((bound) => durationMs <= bound);
  const bucket = found === -1 ? checkpointTimeBoundsMs.length : found;
  return { made: made + 1, totalMs: totalMs + durationMs, buckets: buckets.map((count, at) => (at === bucket ? count + 1 : count)) };
}

/** How many took longer than a limit. A bucket that the limit lies within counts as longer: the figure errs to the side of harm. */
export function slowerThan({ buckets }: CheckpointTimes, limitMs: number): number {
  return buckets.reduce((sum, count, at) => sum + ((checkpointTimeBoundsMs[at] ?? Number.POSITIVE_INFINITY) > limitMs ? count : 0), 0);
}
