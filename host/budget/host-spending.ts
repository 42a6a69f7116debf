import { judgeBudget, nothingSpent, sumOf, type BudgetFinding, type Spend } from '../../domain/budget.js';
import { listSessionFolders } from '../session-folder.js';
import { budgetsChangedAt, BudgetSettingsError, readBudgets, type BudgetSettings } from './budget-settings.js';
import { DayLedger } from './day-ledger.js';
import { spentBefore } from './session-spend.js';

const known = new WeakMap<object, HostSpending>();

/** What the sessions of a host have spent, and what they may: one account for each host context. */
export function spendingOf(host: { home: string }): HostSpending {
  const spending = known.get(host) ?? new HostSpending(host.home);
  known.set(host, spending);
  return spending;
}

/** Whose spending is counted. */
export interface Spender {
  sessionId: string;
  fleet: string | undefined;
}

/** What all sessions of a host have spent, and what they may: by day, and by fleet. */
class HostSpending {
  private readonly ledger: DayLedger;
  private settings: BudgetSettings = { day: {}, fleets: {} };
  private changedAt = 0;
  /** What each session of a fleet has spent in all, by fleet and session id; read from the folders when first asked for. */
  private readonly fleets = new Map<string, Map<string, Spend>>();

  constructor(private readonly home: string) {
    this.ledger = new DayLedger(home);
  }

  /** @param before what the session had spent before its present attempt. @param total what it has spent by now. */
  count({ sessionId, fleet }: Spender, before: Spend, total: Spend): void {
    this.ledger.count(sessionId, before, total, Date.now());
    if (fleet !== undefined) this.fleets.get(fleet)?.set(sessionId, total);
  }

  /** What is wrong with the file of the budgets; null where nothing is. Until it is mended, those before it hold. */
  problem: BudgetSettingsError | null = null;

  /** Whether the day's budget, or that of a session's fleet, is nearly or wholly spent. */
  judge({ fleet }: { fleet?: string | undefined }): BudgetFinding | null {
    this.reread();
    const { day, fleets } = this.settings;
    const ofFleet = fleet === undefined ? undefined : fleets[fleet];
    const findings = [
      Object.keys(day).length === 0 ? null : judgeBudget({ scope: 'day', fleet: null }, day, this.ledger.total(Date.now())),
      fleet === undefined || ofFleet === undefined ? null : judgeBudget({ scope: 'fleet', fleet }, ofFleet, this.ofFleet(fleet)),
    ];
    return findings.find((finding) => finding?.level === 'exceeded') ?? findings.find((finding) => finding !== null) ?? null;
  }

  /** Whether the day's budget, or that of a session's fleet, is of hours; as the settings were last judged by. */
  isLimitedInHours({ fleet }: { fleet?: string | undefined }): boolean {
    const { day, fleets } = this.settings;
    return day.hours !== undefined || (fleet !== undefined && fleets[fleet]?.hours !== undefined);
  }

  /** Puts on disk what was counted: now and then while attempts run, all of it after an end. */
  write(isEnd: boolean): void {
    if (isEnd) this.ledger.write();
    else this.ledger.writeIfDue();
  }

  private reread(): void {
    const changedAt = budgetsChangedAt(this.home);
    if (changedAt === this.changedAt) return;
    this.changedAt = changedAt;
    this.problem = null;
    try {
      this.settings = readBudgets(this.home);
    } catch (error) {
      if (!(error instanceof BudgetSettingsError)) throw error;
      this.problem = error;
    }
  }

  private ofFleet(fleet: string): Spend {
    let sessions = this.fleets.get(fleet);
    if (!sessions) {
      sessions = new Map(
        listSessionFolders(this.home).flatMap((folder) => {
          const spec = folder.spec();
          return spec?.fleet === fleet ? [[spec.sessionId, spentBefore(folder)] as const] : [];
        }),
      );
      this.fleets.set(fleet, sessions);
    }
    return [...sessions.values()].reduce(sumOf, nothingSpent);
  }
}
