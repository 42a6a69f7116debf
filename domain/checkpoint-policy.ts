import type { CheckpointTrigger } from './checkpoint.js';
import type { Risk, RiskZone } from './risk.js';
import type { Signals } from './signals.js';

/** What the policy remembers between looks. Times are Unix ms. */
export interface CheckpointPolicyState {
  lastAtMs: number;
  zone: RiskZone;
  /** Tool calls already looked at for risky ones. */
  toolCallsSeen: number;
}

/** Tool calls after which a checkpoint is due. */
const toolCallInterval = 5;

/** Except for danger and risky operations, none sooner than this after the last one, ms: no storms. */
const minimumSpacingMs = 10_000;

/** Operations before which a checkpoint is worth having: they destroy, publish or cannot be undone. */
const riskyOperations: readonly RegExp[] = [
  /\brm\s+(?:-[a-z]*r[a-z]*f|-[a-z]*f[a-z]*r|-r|--recursive)/i,
  /\bgit\s+(?:push\b.{0,80}(?:--force|\s-f\b)|reset\s+--hard|clean\s+-|checkout\s+--|rebase|filter-branch)/i,
  /\b(?:drop|truncate)\s+(?:table|database|schema)\b/i,
  /\b(?:migrate|migration|deploy|publish|terraform\s+(?:apply|destroy)|kubectl\s+(?:apply|delete))\b/i,
  /\bmkfs|\bdd\s+if=/i,
];

/** Whether an operation is worth a checkpoint before its effects. */
export function isRisky(summary: string): boolean {
  return riskyOperations.some((pattern) => pattern.test(summary));
}

export function initialPolicyState(nowMs: number): CheckpointPolicyState {
  return { lastAtMs: nowMs, zone: 'safe', toolCallsSeen: 0 };
}

/**
 * Whether a checkpoint is due, and why: danger, then warning, then a risky operation, then tool calls, then time. A zone
 * counts when it is entered: merely being in it makes no further checkpoints.
 */
export function dueCheckpoint(
  state: CheckpointPolicyState,
  facts: { signals: Signals; risk: Risk; nowMs: number; intervalMinutes: number },
): { trigger: CheckpointTrigger | null; state: CheckpointPolicyState } {
  const { signals, risk, nowMs } = facts;
  const trigger = choose(state, facts);
  return { trigger, state: { lastAtMs: trigger === null ? state.lastAtMs : nowMs, zone: risk.zone, toolCallsSeen: signals.toolCalls } };
}

function choose(state: CheckpointPolicyState, facts: Parameters<typeof dueCheckpoint>[1]): CheckpointTrigger | null {
  const { signals, risk, nowMs, intervalMinutes } = facts;
  if (risk.zone === 'danger' && state.zone !== 'danger') return 'danger_zone';
  const newCalls = signals.toolCalls - state.toolCallsSeen;
  if (newCalls > 0 && signals.pending.slice(-newCalls).some(({ summary }) => isRisky(summary))) return 'risky_operation';
  const sinceLastMs = nowMs - state.lastAtMs;
  if (sinceLastMs < Math.min(minimumSpacingMs, intervalMinutes * 60_000)) return null;
  if (risk.zone === 'warning' && state.zone === 'safe') return 'warning_zone';
  if (signals.toolCallsSinceCheckpoint >= toolCallInterval && newCalls > 0) return 'tool_call_interval';
  return sinceLastMs >= intervalMinutes * 60_000 ? 'time_interval' : null;
}
