import { contextUse, type Signals } from './signals.js';

export const riskZones = ['safe', 'warning', 'danger'] as const;
export type RiskZone = (typeof riskZones)[number];

/** One row of the risk table: a signal, how it is read, and where it becomes a warning and a danger. */
interface RiskRule {
  signal: string;
  read: (signals: Signals, nowMs: number) => number | null;
  warning: number;
  danger: number;
}

const minuteMs = 60_000;

/** Tool calls below which a failure rate says nothing. */
const minimumToolCalls = 5;

/** The thresholds as data; only `context_use` is a parameter so far. They are priors, to be tuned from outcomes. */
const riskRules: readonly RiskRule[] = [
  { signal: 'context_use', read: contextUse, warning: 0.6, danger: 0.75 },
  { signal: 'messages', read: (signals) => signals.messages, warning: 35, danger: 50 },
  { signal: 'session_minutes', read: (signals, nowMs) => (nowMs - signals.startedAtMs) / minuteMs, warning: 60, danger: 90 },
  { signal: 'tool_calls_since_checkpoint', read: (signals) => signals.toolCallsSinceCheckpoint, warning: 10, danger: 15 },
  {
    signal: 'tool_failure_rate',
    read: (signals) => (signals.toolCalls < minimumToolCalls ? null : signals.toolFailures / signals.toolCalls),
    warning: 0.15,
    danger: 0.2,
  },
];

export interface Risk {
  zone: RiskZone;
  /** Names of the signals at or past their threshold. */
  warnings: string[];
  dangers: string[];
  /** Ratio 0-1, or null where the stream does not tell. */
  contextUse: number | null;
}

/**
 * Crash risk of a running attempt: two dangers are danger; one danger or three warnings are warning. A signal in danger
 * is not counted among the warnings.
 *
 * @param dangerZone context use (ratio 0-1) that is a danger by the session's parameters; the warning scales with it.
 */
export function assessRisk(signals: Signals, nowMs: number, dangerZone: number): Risk {
  const warnings: string[] = [];
  const dangers: string[] = [];
  for (const rule of riskRules) {
    const value = rule.read(signals, nowMs);
    if (value === null) continue;
    const scale = rule.signal === 'context_use' ? dangerZone / rule.danger : 1;
    if (value >= rule.danger * scale) dangers.push(rule.signal);
    else if (value >= rule.warning * scale) warnings.push(rule.signal);
  }
  return { zone: zoneOf(dangers.length, warnings.length), warnings, dangers, contextUse: contextUse(signals) };
}

function zoneOf(dangers: number, warnings: number): RiskZone {
  if (dangers >= 2) return 'danger';
  return dangers === 1 || warnings >= 3 ? 'warning' : 'safe';
}
