import { z } from 'zod';

/** The order in which a resume is tried: an attempt starts at the given rung and goes down, never up. */
export const resumeStrategies = ['native', 'fork', 'brief'] as const;
export type ResumeStrategy = (typeof resumeStrategies)[number];

/** All rungs of the ladder. `compact` is an attempt that only makes the conversation shorter, by the agent's own way, before the next one goes on with it. */
export const resumeRungs = ['compact', ...resumeStrategies] as const;
export type ResumeRung = (typeof resumeRungs)[number];

/** The parameters of SHIM itself that one session runs under; later ones are chosen by experiment. */
export const parametersSchema = z.strictObject({
  /** Minutes between time-triggered checkpoints. */
  checkpointIntervalMinutes: z.number().positive().max(24 * 60).default(10),
  /** First rung of the resume ladder. */
  resumeStrategy: z.enum(resumeStrategies).default('native'),
  /** Context use (ratio 0-1) at which a session is in danger: checkpointed and recycled. */
  dangerZone: z.number().min(0.1).max(1).default(0.75),
  /** First back-off delay, ms. */
  backoffBaseMs: z.number().int().positive().max(3_600_000).default(1_000),
  /** Silence (no stream event, no CPU, no I/O) after which an agent is hung, ms. */
  hangTimeoutMs: z.number().int().positive().default(600_000),
});

export type Parameters = z.infer<typeof parametersSchema>;
