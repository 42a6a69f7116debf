import { z } from 'zod';
import type { Arm } from '../../domain/experiments/unit.js';

const noNewsSchema = z.looseObject({ has_updates: z.literal(false) });
const specsSchema = z.looseObject({
  dynamic_configs: z.array(
    z.looseObject({
      name: z.string(),
      isActive: z.boolean().optional(),
      rules: z.array(z.looseObject({ id: z.string(), groupName: z.string().optional(), isExperimentGroup: z.boolean().optional() })),
    }),
  ),
});

/** By experiment, then by the id of a rule that is a group: its arm. */
export type SpecArms = ReadonlyMap<string, ReadonlyMap<string, Arm>>;

/**
 * Which rules of which running experiments are arms. All others (outside of the allocation, not started, launched, disabled)
 * give a value, and are no exposure to an arm.
 *
 * @param text an answer of download_config_specs. @returns null where it is no such answer.
 */
export function specArms(text: string): SpecArms | 'no news' | null {
  const answer = parseJson(text);
  if (noNewsSchema.safeParse(answer).success) return 'no news';
  const specs = specsSchema.safeParse(answer);
  if (!specs.success) return null;
  return new Map(
    specs.data.dynamic_configs.flatMap(({ name, isActive, rules }) => {
      const groups = rules.filter(({ isExperimentGroup }) => isExperimentGroup === true);
      return isActive === true ? [[name, new Map(groups.flatMap(({ id, groupName }) => armOf(id, groupName)))] as const] : [];
    }),
  );
}

function armOf(id: string, groupName: string | undefined): [string, Arm][] {
  const name = groupName?.toLowerCase();
  return name === 'control' || name === 'treatment' ? [[id, name]] : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
