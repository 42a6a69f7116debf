import { judgeBudget, type Budget, type BudgetFinding, type Spend } from '../../domain/budget.js';
import type { Signals } from '../../domain/signals.js';
import type { SessionSpec } from '../../domain/session.js';
import type { HostContext } from '../host-context.js';
import { ticksPerSecond } from '../process/kernel-units.js';
import { recentTicksSinceBoot } from '../process/process-table.js';
import { SessionFolder } from '../session-folder.js';
import type { AttemptRecord } from '../session-records.js';
import { spendingOf } from './host-spending.js';
import { begunAnew, spentBefore, spentSoFar, type BegunWith } from './session-spend.js';

/** Budgets are of hours: so old may the clock be that they are counted by, ms. */
const clockAgeMs = 100;

/** Of which the watch is. */
export interface Watched {
  spec: SessionSpec;
  record: Pick<AttemptRecord, 'bootId' | 'sinceTicks' | 'startedAtMs' | 'spending' | 'epoch'>;
  signals: () => Signals;
  /** It was warned of before. */
  isWarned: boolean;
}

/** Counts what an attempt spends, and holds it against the budgets of its session, its fleet and the day. */
export class SpendWatch {
  /** It has been warned of. */
  isWarned: boolean;
  /** The budget that is used up; null as long as none is. */
  exceeded: BudgetFinding | null = null;
  private readonly before: Spend;
  private readonly begunWith: BegunWith;
  private readonly budget: Budget;

  constructor(
    private readonly host: HostContext,
    private readonly watched: Watched,
  ) {
    const { spec, record } = watched;
    this.isWarned = watched.isWarned;
    this.before = record.spending?.before ?? spentBefore(new SessionFolder(host.home, spec.name), record.epoch);
    this.begunWith = record.spending?.begunWith ?? begunAnew;
    this.budget = record.spending?.budget ?? {};
  }

  /** What the session has spent by now. */
  get total(): Spend {
    return spentSoFar(this.before, this.begunWith, this.watched.signals(), this.livedMs);
  }

  /** Whether a budget of its session, its fleet or the day is of hours, which are spent at rest, too. */
  get isLimitedInHours(): boolean {
    return this.budget.hours !== undefined || spendingOf(this.host).isLimitedInHours(this.watched.spec);
  }

  /** Looks at what is spent. @returns the budget that is used up; null where none is. */
  look(): BudgetFinding | null {
    const finding = this.judge(this.total);
    if (finding?.level === 'exceeded') this.exceeded = finding;
    else if (finding) this.warn(finding);
    return this.exceeded;
  }

  /** Keeps the account of the day. What is lost with this process is counted again with the session's next attempt. */
  keep(isEnd: boolean): void {
    spendingOf(this.host).write(isEnd);
  }

  /** What the session has spent at the attempt's end. */
  end(endedAtMs: number): Spend {
    const { startedAtMs } = this.watched.record;
    // One that ended while nobody looked has not lived until now; and a clock that was set forward has not made it older.
    const livedMs = Math.min(this.livedMs, Math.max(0, endedAtMs - startedAtMs));
    const total = spentSoFar(this.before, this.begunWith, this.watched.signals(), livedMs);
    const finding = this.judge(total);
    if (finding?.level === 'exceeded') this.exceeded ??= finding;
    return total;
  }

  private judge(total: Spend): BudgetFinding | null {
    const { spec } = this.watched;
    const spender = { sessionId: spec.sessionId, fleet: spec.fleet };
    spendingOf(this.host).count(spender, this.before, total);
    const own = judgeBudget({ scope: 'session', fleet: null }, this.budget, total);
    const shared = spendingOf(this.host).judge(spender);
    return own?.level === 'exceeded' ? own : shared?.level === 'exceeded' ? shared : (own ?? shared);
  }

  private warn(finding: BudgetFinding): void {
    if (this.isWarned) return;
    this.isWarned = true;
    this.host.events.emit('budget_warning', { name: this.watched.spec.name, finding });
  }

  /** By a clock that nobody sets. */
  private get livedMs(): number {
    const { bootId, sinceTicks, startedAtMs } = this.watched.record;
    if (bootId !== this.host.bootId) return Math.max(0, Date.now() - startedAtMs);
    return ((recentTicksSinceBoot(clockAgeMs) - sinceTicks) / ticksPerSecond) * 1_000;
  }
}

