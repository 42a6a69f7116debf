import { z } from 'zod';

const valueSchema = z.union([z.string(), z.number(), z.boolean()]);
const parameterValuesSchema = z.record(z.string(), valueSchema);

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

/** A dynamic config as the local server keeps it: one value for everybody, or its rules' for a share of the units. */
export const dynamicConfigSchema = z.strictObject({
  id: z.string(),
  name: z.string().min(1),
  salt: z.string(),
  description: z.string(),
  isEnabled: z.boolean(),
  idType: z.string(),
  defaultValue: z.record(z.string(), z.unknown()),
  /** The first that a unit passes gives its value. */
  rules: z.array(z.strictObject({ id: z.string(), name: z.string(), passPercentage: z.number().min(0).max(100), returnValue: z.record(z.string(), z.unknown()) })),
});

export type DynamicConfig = z.infer<typeof dynamicConfigSchema>;

const newRuleSchema = z.looseObject({ name: z.string().min(1), passPercentage: z.number().min(0).max(100).default(100), returnValue: z.record(z.string(), z.unknown()) });

/** What a caller may set of a dynamic config; of a new one the name is wanted. */
export const dynamicConfigChangesSchema = z.looseObject({
  description: z.string().optional(),
  isEnabled: z.boolean().optional(),
  defaultValue: z.record(z.string(), z.unknown()).optional(),
  rules: z.array(newRuleSchema).optional(),
});
export const newDynamicConfigSchema = dynamicConfigChangesSchema.extend({ name: z.string().trim().min(1).max(200), idType: z.string().default('userID') });

export type DynamicConfigChanges = z.infer<typeof dynamicConfigChangesSchema>;
export type NewDynamicConfig = z.infer<typeof newDynamicConfigSchema>;
