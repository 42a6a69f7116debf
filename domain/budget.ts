import { z } from 'zod';
import { formatDuration } from './duration.js';

/** What may be spent; what is absent is not bounded. */
export const budgetSchema = z.strictObject({
  /** Input (cached ones too) and output. */
  tokens: z.number().int().positive().optional(),
  usd: z.number().positive().optional(),
  /** Hours that attempts lived. */
  hours: z.number().positive().optional(),
});
export type Budget = z.infer<typeof budgetSchema>;

export const budgetMeasures = ['tokens', 'usd', 'hours'] as const;
export type BudgetMeasure = (typeof budgetMeasures)[number];

/** What was spent. What an agent does not tell is not in it. */
export interface Spend {
  tokens: number;
  usd: number;
  hours: number;
}

export const spendSchema: z.ZodType<Spend> = z.object({ tokens: z.number(), usd: z.number(), hours: z.number() });

export const nothingSpent: Spend = { tokens: 0, usd: 0, hours: 0 };

/** Whose budget: one session's, that of all sessions of a fleet, or of all of a host on one day. */
export const budgetScopes = ['session', 'fleet', 'day'] as const;
export type BudgetScope = (typeof budgetScopes)[number];

/** A budget that is nearly or wholly spent. */
export interface BudgetFinding {
  scope: BudgetScope;
  /** Of the fleet; null for the other scopes. */
  fleet: string | null;
  measure: BudgetMeasure;
  level: 'warning' | 'exceeded';
  spent: number;
  limit: number;
}

/** Spent of a budget when it is warned of, ratio 0-1. */
const warnedAt = 0.8;

export function sumOf(a: Spend, b: Spend): Spend {
  return { tokens: a.tokens + b.tokens, usd: a.usd + b.usd, hours: a.hours + b.hours };
}

/** What came after `before`. */
export function since(before: Spend, now: Spend): Spend {
  return { tokens: Math.max(0, now.tokens - before.tokens), usd: Math.max(0, now.usd - before.usd), hours: Math.max(0, now.hours - before.hours) };
}

/** A budget with more allowed of what it bounds. */
export function raised(budget: Budget, more: Budget): Budget {
  return Object.fromEntries(budgetMeasures.flatMap((measure) => (budget[measure] === undefined ? [] : [[measure, budget[measure] + (more[measure] ?? 0)]])));
}

/** The measure of which the greatest share is spent, if that is worth a word; null otherwise. A budget that is spent to its end is exceeded. */
export function judgeBudget(whose: Pick<BudgetFinding, 'scope' | 'fleet'>, budget: Budget, spend: Spend): BudgetFinding | null {
  let worst: BudgetFinding | null = null;
  for (const measure of budgetMeasures) {
    const limit = budget[measure];
    const spent = spend[measure];
    if (limit === undefined || spent < limit * warnedAt) continue;
    if (worst === null || spent / limit > worst.spent / worst.limit) worst = { ...whose, measure, level: spent >= limit ? 'exceeded' : 'warning', spent, limit };
  }
  return worst;
}

/** The finding with its figures, and where it stops a session, what a person can do; one line. */
export function describeFinding(finding: BudgetFinding, name: string): string {
  const { scope, fleet, measure, level, spent, limit } = finding;
  const whose = { session: 'its budget', fleet: `the budget of fleet ${fleet}`, day: "the host's budget for the day" }[scope];
  const figures = `${showAmount(measure, spent)} of ${showAmount(measure, limit)} are spent`;
  if (level === 'warning') return `${Math.floor((spent / limit) * 100)} % of ${whose}: ${figures}`;
  return `${whose} is used up: ${figures}; ${wayOut(finding, name)}`;
}

function wayOut({ scope, fleet, measure, limit }: BudgetFinding, name: string): string {
  switch (scope) {
    case 'session':
      return `go on with more: shim resume ${name} --add-${measure} ${Math.max(1, Math.round(limit))}`;
    case 'fleet':
      return `raise the budget of ${fleet} in its file and shim apply it, then: shim resume ${name}`;
    case 'day':
      return `raise it (shim budget --day-${measure} ${Math.max(1, Math.round(limit * 2))}) or wait for tomorrow, then: shim resume ${name}`;
  }
}

/** An amount in its unit: `$4.20`, `12,000 tokens`, `1h 30m`. */
export function showAmount(measure: BudgetMeasure, amount: number): string {
  switch (measure) {
    case 'usd':
      return `$${amount.toFixed(2)}`;
    case 'tokens':
      return `${Math.round(amount).toLocaleString('en-US')} tokens`;
    case 'hours':
      return formatDuration(amount * 3_600_000);
  }
}
