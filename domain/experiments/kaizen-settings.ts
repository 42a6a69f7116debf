import { z } from 'zod';
import { safetyBoundsSchema } from '../safety-bounds.js';

const durationMs = z.number().positive().max(10 * 365 * 24 * 3_600_000);
const share = z.number().gt(0).max(1);

/** What the loop of a scope goes by. Durations in ms. */
export const kaizenSettingsSchema = z.strictObject({
  /** Between two looks for opportunities. */
  lookEveryMs: durationMs.min(100),
  /** Experiments at once; those that only watch what they deployed do not count. */
  atOnce: z.number().int().min(1).max(5),
  bounds: safetyBoundsSchema,
  /** For so long after its end no other experiment takes a parameter. */
  coolDownMs: durationMs,
  /** What a plan takes from here: see ExperimentPlan. */
  experiment: z.strictObject({
    horizonMs: durationMs,
    tickMs: durationMs,
    ramp: z.array(share).min(1).refine((steps) => steps.every((step, at) => at === 0 || step > (steps[at - 1] ?? 0)), 'its steps rise'),
    unitsPerStep: z.number().int().positive(),
    deadlineMs: durationMs,
    holdback: z.number().gt(0).lt(1),
    monitorMs: durationMs,
    staleAfterMs: durationMs,
  }),
  /** An experiment that would take longer by the present flow of sessions is not started. */
  longestMs: durationMs,
  /** The rules' window, and the fewest sessions they judge. */
  windowMs: durationMs,
  minimumSessions: z.number().int().positive(),
});

export type KaizenSettings = z.infer<typeof kaizenSettingsSchema>;

const hour = 3_600_000;
export const defaultKaizenSettings: KaizenSettings = {
  lookEveryMs: hour,
  atOnce: 5,
  bounds: { crashRate: { max: 0.1 }, checkpointTime: { max: 100 }, resumeSuccessRate: { min: 0.9 }, tokenCost: { maxIncrease: 0.2 } },
  coolDownMs: 7 * 24 * hour,
  experiment: { horizonMs: 24 * hour, tickMs: hour / 4, ramp: [0.2, 0.5, 1], unitsPerStep: 50, deadlineMs: 60 * 24 * hour, holdback: 0.1, monitorMs: 14 * 24 * hour, staleAfterMs: 48 * hour },
  longestMs: 60 * 24 * hour,
  windowMs: 14 * 24 * hour,
  minimumSessions: 50,
};

/** Thrown where settings cannot be; the message names each, and what was expected. */
export class KaizenSettingsError extends Error {
  override name = 'KaizenSettingsError';
}

/** Settings with some of them changed. @throws KaizenSettingsError */
export function changedSettings(settings: KaizenSettings, changes: Partial<KaizenSettings>): KaizenSettings {
  const parsed = kaizenSettingsSchema.safeParse({ ...settings, ...changes });
  if (parsed.success) return parsed.data;
  throw new KaizenSettingsError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}
