import type { AgentEvent } from '../domain/agent-event.js';
import { assessRisk, type Risk, type RiskZone } from '../domain/risk.js';
import { applyEvent, emptySignals, type Signals } from '../domain/signals.js';

/** Zones kept: more changes than this in an attempt tell nothing new. */
const zonesKept = 200;

/** How long before the end the zone is read to score the crash prediction, ms. */
const predictionLeadMs = 60_000;

/** Gathers one attempt's signals from its events and keeps the zones it went through. Times are Unix ms. */
export class SignalCollector {
  signals: Signals;
  risk: Risk;
  /** The highest context use seen, ratio 0-1; null where the stream does not tell. */
  maxContextUse: number | null;
  readonly zones: { atMs: number; zone: RiskZone }[];

  /** @param dangerZone context use (ratio 0-1) that is a danger; one that is changed counts from the next look. @param earlier what an adopted attempt had gathered. */
  constructor(
    startedAtMs: number,
    public dangerZone: number,
    earlier?: { signals: Signals; zones: { atMs: number; zone: RiskZone }[]; maxContextUse?: number | null },
  ) {
    // What an earlier version of SHIM did not gather is empty.
    this.signals = { ...emptySignals(startedAtMs), ...earlier?.signals };
    this.zones = earlier?.zones ?? [];
    this.risk = assessRisk(this.signals, startedAtMs, dangerZone);
    this.maxContextUse = earlier?.maxContextUse ?? this.risk.contextUse;
    if (this.zones.length === 0) this.zones.push({ atMs: startedAtMs, zone: this.risk.zone });
  }

  observe(event: AgentEvent, atMs: number): void {
    this.signals = applyEvent(this.signals, event, atMs);
    this.assess(atMs);
  }

  checkpointMade(): void {
    this.signals = { ...this.signals, toolCallsSinceCheckpoint: 0 };
  }

  /** Looks again: some signals grow with time alone. */
  assess(nowMs: number): Risk {
    this.risk = assessRisk(this.signals, nowMs, this.dangerZone);
    const { contextUse } = this.risk;
    if (contextUse !== null) this.maxContextUse = Math.max(contextUse, this.maxContextUse ?? 0);
    if (this.zones.at(-1)?.zone !== this.risk.zone && this.zones.length < zonesKept) this.zones.push({ atMs: nowMs, zone: this.risk.zone });
    return this.risk;
  }

  /** The zone 60 s before the end; null for an attempt that did not live that long. */
  zoneBefore(endedAtMs: number): RiskZone | null {
    const atMs = endedAtMs - predictionLeadMs;
    return this.zones.findLast((entered) => entered.atMs <= atMs)?.zone ?? null;
  }
}
