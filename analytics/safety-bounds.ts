import { EventEmitter } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createAnalysis, foldUnits } from '../domain/experiments/analysis.js';
import { addUnit, noTotals } from '../domain/experiments/arm-totals.js';
import { findingsOf } from '../domain/experiments/look.js';
import { unitValues } from '../domain/experiments/unit-values.js';
import type { ArmTotals } from '../domain/experiments/unit.js';
import { judgeSafety, safetyBoundsSchema, type SafetyBoundsOptions, type SafetyFinding } from '../domain/safety-bounds.js';
import type { Arms } from '../domain/statistics/interval.js';
import type { SHIMMetrics } from './metrics-registry.js';
import { openStore } from './outcomes/open-store.js';
import { storeAddress } from './outcomes/store-address.js';
import type { Store } from './outcomes/store.js';

/** What safety is judged from. */
export type SafetyRecord = Pick<Store, 'unitsSoFar' | 'sessionsBetween' | 'lastOutcomeAtMs' | 'experiment'>;

/**
 * What is to be allowed. `start`: control's sessions alone have to be known well enough. `running`: nothing may be violated.
 * `deploy`: every bound has to be shown to be kept.
 */
export type SafetyStage = 'start' | 'running' | 'deploy';

export interface SafetyViolation {
  experimentId: string;
  /** One line for people. */
  message: string;
  finding: SafetyFinding;
}

export interface SafetyValidation {
  passed: boolean;
  /** One line for people. */
  reason: string;
  violations: SafetyViolation[];
  evidence: { findings: SafetyFinding[]; arms: Arms<ArmTotals>; lastOutcomeAtMs: number | null };
}

export interface SafetyBoundsSettings {
  /** What is older says nothing any more, ms. */
  staleAfterMs?: number;
  /** Of control's sessions before a start, ms. */
  windowMs?: number;
  /** Where a SHIMMetrics is given, which tells no arms apart: a file or address; $SHIM_DATABASE_URL, or $SHIM_HOME's own, without it. */
  store?: string;
  nowMs?: () => number;
}

const hourMs = 3_600_000;

/**
 * What no experiment may do to the sessions, judged by each arm's confidence limits and never by raw means. A treatment alone is
 * ever the violator: a bound that control breaks becomes a comparison.
 */
export class SafetyBounds extends EventEmitter<{ threshold_violated: [violation: SafetyViolation] }> {
  readonly bounds: SafetyBoundsOptions;

  /** @throws ZodError where a bound is none. */
  constructor(
    bounds: SafetyBoundsOptions,
    private readonly settings: SafetyBoundsSettings = {},
  ) {
    super();
    this.bounds = safetyBoundsSchema.parse(bounds);
  }

  /**
   * Judges an experiment now; each violation is told as an event, too.
   *
   * @param metrics the record of outcomes; a SHIMMetrics tells no arms apart, and the store that it belongs to is asked.
   * @throws StoreOpenError, or what the record throws where it cannot be asked: that is no pass.
   */
  async validate(experiment: { id: string }, metrics: SHIMMetrics | SafetyRecord, stage: SafetyStage = 'deploy'): Promise<SafetyValidation> {
    if ('unitsSoFar' in metrics) return this.judge(experiment.id, metrics, stage);
    const home = process.env['SHIM_HOME'] ?? join(homedir(), '.shim');
    const store = await openStore(this.settings.store ?? storeAddress(home));
    try {
      return await this.judge(experiment.id, store, stage);
    } finally {
      await store.close();
    }
  }

  private async judge(experimentId: string, record: SafetyRecord, stage: SafetyStage): Promise<SafetyValidation> {
    const { staleAfterMs = 48 * hourMs, nowMs = Date.now } = this.settings;
    const now = nowMs();
    const [seen, lastOutcomeAtMs] = await Promise.all([stage === 'start' ? this.beforeStart(record, now) : this.ofUnits(experimentId, record, now), record.lastOutcomeAtMs()]);
    const violations = seen.findings.filter(({ arm, verdict }) => arm === 'treatment' && verdict === 'violated').map((finding) => ({ experimentId, message: finding.message, finding }));
    for (const violation of violations) this.emit('threshold_violated', violation);
    const isStale = lastOutcomeAtMs === null || now - lastOutcomeAtMs > staleAfterMs;
    return { ...verdictOf(stage, seen.findings, violations, isStale), violations, evidence: { ...seen, lastOutcomeAtMs } };
  }

  private async ofUnits(experimentId: string, record: SafetyRecord, now: number): Promise<{ findings: SafetyFinding[]; arms: Arms<ArmTotals> }> {
    const status = await record.experiment(experimentId);
    const { metric = 'crash_rate', plannedUnits = 1_000, horizonMs = 0 } = status?.plan ?? {};
    const units = await record.unitsSoFar(experimentId, { horizonMs: horizonMs || Number.MAX_SAFE_INTEGER, nowMs: now - horizonMs, checkpointLimitMs: this.checkpointLimitMs });
    const state = foldUnits(createAnalysis({ metric }), units);
    return { findings: findingsOf({ bounds: this.bounds, metric, plannedUnits }, state), arms: state.totals };
  }

  /** Of all sessions of the window: they have control's values. */
  private async beforeStart(record: SafetyRecord, now: number): Promise<{ findings: SafetyFinding[]; arms: Arms<ArmTotals> }> {
    const sessions = await record.sessionsBetween(now - (this.settings.windowMs ?? 14 * 24 * hourMs), now + 1);
    const control = sessions.reduce((totals, { sessionId, attempts }, at) => {
      const values = unitValues(attempts, this.checkpointLimitMs);
      return addUnit(totals, { experimentId: '', sessionId, position: at + 1, arm: 'control', exposedAtMs: 0, maturedAtMs: now, ...values });
    }, noTotals);
    const arms = { control, treatment: noTotals };
    return { findings: judgeSafety(this.bounds, arms).filter(({ arm }) => arm === 'control'), arms };
  }

  private get checkpointLimitMs(): number {
    return this.bounds.checkpointTime?.max ?? 100;
  }
}

function verdictOf(stage: SafetyStage, findings: readonly SafetyFinding[], violations: readonly SafetyViolation[], isStale: boolean): { passed: boolean; reason: string } {
  const [violation] = violations;
  if (violation) return { passed: false, reason: violation.message };
  if (stage === 'running') return { passed: true, reason: 'no bound is violated' };
  if (isStale && stage === 'deploy') return { passed: false, reason: 'no outcome came lately: what is known is stale' };
  // One that control breaks is known, and becomes a comparison.
  const unknown = findings.find(({ arm, verdict }) => verdict === 'insufficient' && (stage === 'start' || arm === 'treatment'));
  if (unknown) return { passed: false, reason: unknown.message };
  return { passed: true, reason: stage === 'start' ? "control's sessions are known well enough" : 'every bound is shown to be kept' };
}
