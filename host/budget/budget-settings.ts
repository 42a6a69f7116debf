import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { budgetSchema, type Budget } from '../../domain/budget.js';
import { replaceFile } from '../replace-file.js';

const settingsSchema = z.strictObject({
  /** Of all sessions of this host together, from midnight to midnight of its own clock. */
  day: budgetSchema.default({}),
  /** Of all sessions of a fleet on this host, by the fleet's name. */
  fleets: z.record(z.string(), budgetSchema).default({}),
});
export type BudgetSettings = z.infer<typeof settingsSchema>;

const noBudgets: BudgetSettings = { day: {}, fleets: {} };

/** Thrown where $SHIM_HOME/budget.json is no list of budgets; the message says what is wrong. */
export class BudgetSettingsError extends Error {
  constructor(path: string, cause: unknown) {
    super(`${path} cannot be read: ${cause instanceof Error ? cause.message.replace(/\s+/g, ' ').slice(0, 200) : String(cause)}; mend or remove it`, { cause });
    this.name = 'BudgetSettingsError';
  }
}

function settingsFile(home: string): string {
  return join(home, 'budget.json');
}

/** The budgets of this host; none where nobody has set any. @throws BudgetSettingsError. */
export function readBudgets(home: string): BudgetSettings {
  const path = settingsFile(home);
  try {
    return settingsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return noBudgets;
    if (error instanceof SyntaxError || error instanceof z.ZodError) throw new BudgetSettingsError(path, error);
    throw error;
  }
}

/** When they were changed last, as a number that differs after each change; 0 where there are none. */
export function budgetsChangedAt(home: string): number {
  return statSync(settingsFile(home), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Sets what the whole host may spend a day. Running sessions heed it within a second. */
export function setDayBudget(home: string, day: Budget): BudgetSettings {
  return write(home, { ...readBudgets(home), day });
}

/** Sets what a fleet may spend on this host; null takes its budget away. Running sessions heed it within a second. */
export function setFleetBudget(home: string, fleet: string, budget: Budget | null): BudgetSettings {
  const settings = readBudgets(home);
  const others = Object.entries(settings.fleets).filter(([name]) => name !== fleet);
  return write(home, { ...settings, fleets: Object.fromEntries(budget === null ? others : [...others, [fleet, budget]]) });
}

function write(home: string, settings: BudgetSettings): BudgetSettings {
  const path = settingsFile(home);
  replaceFile(path, `${path}.${process.pid}`, `${JSON.stringify(settings, null, 2)}\n`);
  return settings;
}
