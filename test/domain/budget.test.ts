import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFinding, judgeBudget, nothingSpent, raised, since, sumOf, type BudgetFinding } from '../../domain/budget.js';

const session = { scope: 'session', fleet: null } as const;
const spent = (change: Partial<typeof nothingSpent>) => ({ ...nothingSpent, ...change });

describe('a budget', () => {
  it.each([
    [799, null],
    [800, 'warning'],
    [999, 'warning'],
    [1_000, 'exceeded'],
    [5_000, 'exceeded'],
  ])('of 1,000 tokens of which %i are spent is %s', (tokens, level) => {
    expect(judgeBudget(session, { tokens: 1_000 }, spent({ tokens }))?.level ?? null).toBe(level);
  });

  it('is judged by the measure of which most is spent, and by none that it does not bound', () => {
    expect(judgeBudget(session, { tokens: 1_000, usd: 10, hours: 1 }, { tokens: 850, usd: 9.5, hours: 0.9 })).toMatchObject({ measure: 'usd', level: 'warning', spent: 9.5, limit: 10 });
    expect(judgeBudget(session, { hours: 1 }, { tokens: 1e12, usd: 1e6, hours: 0.1 })).toBeNull();
    expect(judgeBudget(session, {}, { tokens: 1e12, usd: 1e6, hours: 1e6 })).toBeNull();
  });

  it('is raised in what it bounds only', () => {
    expect(raised({ usd: 5 }, { usd: 2.5, tokens: 100 })).toEqual({ usd: 7.5 });
  });

  it('once used up is so until it is raised above what is spent', () => {
    const amount = fc.double({ min: 0.01, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(amount, amount, (limit, usd) => {
        const level = (budget: number) => judgeBudget(session, { usd: budget }, spent({ usd }))?.level;
        expect(level(limit) === 'exceeded').toBe(usd >= limit);
        expect(level(usd * 2)).not.toBe('exceeded');
      }),
    );
  });
});

describe('what is spent', () => {
  it('adds up, and never falls below nothing', () => {
    expect(sumOf({ tokens: 1, usd: 2, hours: 3 }, { tokens: 10, usd: 20, hours: 30 })).toEqual({ tokens: 11, usd: 22, hours: 33 });
    expect(since({ tokens: 5, usd: 5, hours: 5 }, { tokens: 7, usd: 1, hours: 5 })).toEqual({ tokens: 2, usd: 0, hours: 0 });
  });
});

describe('a budget that is used up', () => {
  const finding = (change: Partial<BudgetFinding>): BudgetFinding => ({ ...session, measure: 'usd', level: 'exceeded', spent: 5.02, limit: 5, ...change });

  it.each([
    [finding({}), "its budget is used up: $5.02 of $5.00 are spent; go on with more: shim resume fix --add-usd 5"],
    [finding({ measure: 'tokens', spent: 12_345, limit: 12_000 }), 'its budget is used up: 12,345 tokens of 12,000 tokens are spent; go on with more: shim resume fix --add-tokens 12000'],
    [finding({ scope: 'day', measure: 'hours', spent: 8, limit: 8 }), "the host's budget for the day is used up: 8h of 8h are spent; raise it (shim budget --day-hours 16) or wait for tomorrow, then: shim resume fix"],
    [finding({ scope: 'fleet', fleet: 'web' }), 'the budget of fleet web is used up: $5.02 of $5.00 are spent; raise the budget of web in its file and shim apply it, then: shim resume fix'],
    [finding({ level: 'warning', spent: 4.2 }), '84 % of its budget: $4.20 of $5.00 are spent'],
  ])('is told with its figures and the way out: %o', (it, line) => {
    expect(describeFinding(it, 'fix')).toBe(line);
  });
});
