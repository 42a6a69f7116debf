import { ApplicationFailure, setCurrentDetails } from '@temporalio/workflow';
import { beginELond, concludeELondByLog, createELond } from '../../domain/statistics/online-fdr.js';
import { defaultExperimentsPerYear, defaultFalseDiscoveryRate, levelsUsedUp, type IssuedAlpha, type LedgerInput, type LedgerStatus } from '../kaizen-messages.js';
import { describeLedger } from './details.js';

const yearMs = 365 * 24 * 3_600_000;
const issuedKept = 200;

/** The levels of a scope's experiments, by e-LOND: the false-discovery rate is kept over each year's. Nothing here waits. */
export class Ledger {
  private state: LedgerStatus;

  constructor(input: LedgerInput) {
    const { scope, alpha = defaultFalseDiscoveryRate, experimentsPerYear = defaultExperimentsPerYear, carried } = input;
    const lond = createELond(alpha, { kind: 'uniform', horizon: experimentsPerYear });
    this.state = carried ?? withNext({ scope, lond, yearSinceMs: Date.now(), next: null, issued: {} });
    this.show();
  }

  status(): LedgerStatus {
    return this.state;
  }

  carry(): LedgerInput {
    return { scope: this.state.scope, carried: this.state };
  }

  /** @throws ApplicationFailure LevelsUsedUp */
  issue({ experimentId }: { experimentId: string }): IssuedAlpha {
    const before = this.state.issued[experimentId];
    if (before) return { index: before.index, alpha: before.alpha };
    this.turnYear();
    const { index, level, state: lond } = beginELond(this.state.lond);
    if (level === 0) throw ApplicationFailure.nonRetryable(`this year's ${this.state.lond.begun} levels are used up; the next year begins ${new Date(this.state.yearSinceMs + yearMs).toISOString()}`, levelsUsedUp);
    const issued = { index, alpha: level, issuedAtMs: Date.now(), rejected: null };
    this.become({ ...this.state, lond, issued: newest({ ...this.state.issued, [experimentId]: issued }) });
    return { index, alpha: level };
  }

  learn({ experimentId, logEValue }: { experimentId: string; logEValue: number }): LedgerStatus {
    const issued = this.state.issued[experimentId];
    if (!issued || issued.rejected !== null) return this.state;
    const { rejected, state } = concludeELondByLog(this.state.lond, issued.alpha, logEValue);
    // What was begun in an earlier year counts there, and that year is over.
    const lond = issued.issuedAtMs >= this.state.yearSinceMs ? state : this.state.lond;
    this.become({ ...this.state, lond, issued: { ...this.state.issued, [experimentId]: { ...issued, rejected } } });
    return this.state;
  }

  private turnYear(): void {
    const { yearSinceMs, lond } = this.state;
    const years = Math.floor((Date.now() - yearSinceMs) / yearMs);
    if (years >= 1) this.become({ ...this.state, yearSinceMs: yearSinceMs + years * yearMs, lond: createELond(lond.alpha, lond.spending) });
  }

  private become(status: LedgerStatus): void {
    this.state = withNext(status);
    this.show();
  }

  private show(): void {
    setCurrentDetails(describeLedger(this.state));
  }
}

function withNext(status: LedgerStatus): LedgerStatus {
  const { index, level } = beginELond(status.lond);
  return { ...status, next: level === 0 ? null : { index, alpha: level } };
}

function newest(issued: LedgerStatus['issued']): LedgerStatus['issued'] {
  return Object.fromEntries(Object.entries(issued).slice(-issuedKept));
}
