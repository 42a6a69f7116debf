import { ApplicationFailure } from '@temporalio/workflow';
import type { AttemptReport } from '../../domain/attempt.js';
import { budgetMeasures, describeFinding, judgeBudget, raised, showAmount, type Budget, type BudgetFinding } from '../../domain/budget.js';
import type { SessionSpec } from '../../domain/session.js';
import { invalidCommand, type BudgetStatus, type CarriedBudget } from '../messages.js';
import type { Session } from './session.js';

/** Where a session keeps its budget, so that a continued run has it. */
interface BudgetKept {
  budget?: CarriedBudget;
}

/** What a session may spend and has spent. Its host counts and ends what goes beyond. Nothing here waits. */
export class SessionBudget {
  constructor(
    private readonly spec: SessionSpec,
    private readonly kept: BudgetKept,
  ) {}

  /** With what people have added; null where the session has none. */
  get limit(): Budget | null {
    const { budget } = this.spec;
    return budget ? raised(budget, this.kept.budget?.added ?? {}) : null;
  }

  status(): BudgetStatus | null {
    const { kept, limit } = this;
    if (limit === null && !kept.budget) return null;
    return { limit: limit ?? {}, spend: kept.budget?.spend ?? null, finding: kept.budget?.finding ?? null };
  }

  /** Takes in what an attempt's end tells. @returns the budget that is used up; null where none is. */
  ended({ spend, overBudget = null }: AttemptReport): BudgetFinding | null {
    if (spend && (this.spec.budget || overBudget)) this.kept.budget = { added: {}, ...this.kept.budget, spend, finding: overBudget };
    return overBudget;
  }

  /** The host has begun no attempt for the sake of a budget. */
  refused(finding: BudgetFinding): void {
    this.kept.budget = { added: {}, spend: null, ...this.kept.budget, finding };
  }

  /** @throws ApplicationFailure InvalidCommand where a resume would spend what nobody has allowed, or adds to what is not bounded. */
  checkResume(add: Budget | undefined, isBudgetPause: boolean): void {
    const { limit, kept, spec } = this;
    const unbounded = budgetMeasures.find((measure) => add?.[measure] !== undefined && limit?.[measure] === undefined);
    if (unbounded) throw invalid(`${spec.name} has no budget of ${unbounded}, so there is nothing to add to; resume it without --add-${unbounded}`);
    const { finding = null, spend = null } = kept.budget ?? {};
    if (!isBudgetPause || finding?.scope !== 'session' || !limit) return;
    const still = judgeBudget({ scope: 'session', fleet: null }, raised(limit, add ?? {}), spend ?? { tokens: 0, usd: 0, hours: 0, [finding.measure]: finding.spent });
    if (still?.level !== 'exceeded') return;
    const enough = add === undefined ? '' : `, and ${showAmount(still.measure, add[still.measure] ?? 0)} more would not be enough`;
    throw invalid(`${spec.name} is paused for its budget${enough}: ${describeFinding(still, spec.name)}`);
  }

  /** A person allows more. */
  add(more: Budget): void {
    const { added = {}, spend = null } = this.kept.budget ?? {};
    const sum = Object.fromEntries(budgetMeasures.flatMap((measure) => (added[measure] === undefined && more[measure] === undefined ? [] : [[measure, (added[measure] ?? 0) + (more[measure] ?? 0)]])));
    this.kept.budget = { added: sum, spend, finding: null };
  }
}

/** The session rests until a person allows more. What people want of it meanwhile comes first. */
export function pauseForBudget(session: Session, finding: BudgetFinding): void {
  if (session.desired === 'running') session.wantPausedFor('budget', `SHIM: ${describeFinding(finding, session.spec.name)}`);
}

/** The host has begun no attempt: a budget is used up. */
export function refusedForBudget(session: Session, finding: BudgetFinding): void {
  session.attempts.startRefused();
  session.budget.refused(finding);
  pauseForBudget(session, finding);
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, invalidCommand);
}
