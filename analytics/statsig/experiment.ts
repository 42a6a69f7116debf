import { z } from 'zod';

const parameterValuesSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const groupSchema = z.strictObject({
  id: z.string(),
  name: z.string().min(1),
  /** Percent of the experiment's units. */
  size: z.number().min(0).max(100),
  parameterValues: parameterValuesSchema,
  disabled: z.boolean(),
});

/** Statsig's words for where an experiment is. */
export const experimentStatuses = ['setup', 'active', 'decision_made', 'abandoned'] as const;

/** An experiment as the local server keeps it, in the words of Statsig's Console API. */
export const experimentSchema = z.strictObject({
  id: z.string(),
  name: z.string().min(1),
  salt: z.string(),
  hypothesis: z.string(),
  status: z.enum(experimentStatuses),
  /** Percent of all units that are in it. */
  allocation: z.number().min(0).max(100),
  idType: z.string(),
  groups: z.array(groupSchema).min(2),
  primaryMetrics: z.array(z.unknown()),
  launchedGroupId: z.string().nullable(),
  decisionReason: z.string().nullable(),
  createdAtMs: z.number(),
});

export type Experiment = z.infer<typeof experimentSchema>;
export type Group = z.infer<typeof groupSchema>;

/** What a caller of the Console API may set, POST /console/v1/experiments. What else he sends is not ours to judge. */
export const newExperimentSchema = z.looseObject({
  name: z.string().trim().min(1).max(200),
  hypothesis: z.string().default(''),
  allocation: z.number().min(0).max(100).default(100),
  idType: z.string().default('userID'),
  primaryMetrics: z.array(z.unknown()).default([]),
  groups: z
    .array(z.looseObject({ name: z.string().trim().min(1), size: z.number().min(0).max(100), parameterValues: parameterValuesSchema }))
    .min(2)
    .refine((groups) => Math.abs(groups.reduce((sum, { size }) => sum + size, 0) - 100) < 1e-6, 'the sizes of the groups have to sum to 100')
    .refine((groups) => new Set(groups.map(({ name }) => name)).size === groups.length, 'two groups have the same name'),
});

export type NewExperiment = z.infer<typeof newExperimentSchema>;
