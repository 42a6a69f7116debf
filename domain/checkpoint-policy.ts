import type { CheckpointTrigger } from './checkpoint.js';
import type { Risk, RiskZone } from './risk.js';
import type { Signals } from './signals.js';

/** What the policy remembers between looks. Times are Unix ms. */
export interface CheckpointPolicyState {
  lastAtMs: number;
  /** The zone as far as it was acted on: a zone entered too soon after a checkpoint is entered at a later look. */
  zone: RiskZone;
  /** Tool calls at the last look. */
  toolCallsSeen: number;
  /** Ids of the tool calls that were pending at the last look. */
  pendingSeen: readonly string[];
}

/** What a look goes by. */
export interface CheckpointFacts {
  signals: Signals;
  risk: Risk;
  nowMs: number;
  /** Minutes between checkpoints by time. */
  intervalMinutes: number;
}

/** Tool calls after which a checkpoint is due. */
const toolCallInterval = 5;

/** None sooner than this after the last one, ms: no storms. Danger and risky operations do not wait that long. */
const minimumSpacingMs = 10_000;
const urgentSpacingMs = 1_000;

/** Operations before which a checkpoint is worth having: they destroy, publish or cannot be undone. */
const riskyOperations: readonly RegExp[] = [
  /\brm\s+(?:-\S+\s+){0,5}(?:-[a-z]*r|--recursive)/i,
  /\bgit\s+push\b.{0,200}(?:--force|--delete|--mirror|\s-[a-z]*f\b|\s\+\S)/i,
  /\bgit\s+(?:reset\s+--hard|clean\s+-|checkout\s+(?:--|\.)|restore\s|rebase\b|filter-(?:branch|repo)|stash\s+(?:drop|clear)|branch\s+-D)/,
  /\b(?:drop|truncate)\s+(?:table|database|schema|collection)\b/i,
  /\bdelete\s+from\b/i,
  /\b(?:migrate|migrations?|deploy|(?:npm|pnpm|yarn|cargo|twine|gem)\s+(?:publish|upload|push))\b/i,
  /\b(?:terraform|tofu|pulumi)\s+(?:apply|destroy|up)\b/i,
  /\b(?:kubectl|helm)\s+(?:apply|delete|upgrade|uninstall)\b/i,
  /\bmkfs|\bdd\s.{0,100}\bof=|\bshred\b|\bfind\s.{0,200}-delete\b/i,
];

/** Whether an operation is worth a checkpoint before its effects. */
export function isRisky(summary: string): boolean {
  return riskyOperations.some((pattern) => pattern.test(summary));
}

export function initialPolicyState(nowMs: number): CheckpointPolicyState {
  return { lastAtMs: nowMs, zone: 'safe', toolCallsSeen: 0, pendingSeen: [] };
}

/** The state after a checkpoint that was made for another reason than the policy's. */
export function afterCheckpoint(state: CheckpointPolicyState, atMs: number): CheckpointPolicyState {
  return { ...state, lastAtMs: atMs };
}

/**
 * Whether a checkpoint is due, and why: danger, then warning, then a risky operation, then tool calls, then time. A zone
 * counts when it is entered: merely being in it, or being old, makes no further checkpoints.
 */
export function dueCheckpoint(state: CheckpointPolicyState, facts: CheckpointFacts): { trigger: CheckpointTrigger | null; state: CheckpointPolicyState } {
  const { signals, risk, nowMs } = facts;
  const trigger = choose(state, facts);
  const entersUnnoticed = trigger === null && severity[risk.zone] > severity[state.zone];
  return {
    trigger,
    state: {
      lastAtMs: trigger === null ? state.lastAtMs : nowMs,
      zone: entersUnnoticed ? state.zone : risk.zone,
      toolCallsSeen: signals.toolCalls,
      pendingSeen: signals.pending.map(({ callId }) => callId),
    },
  };
}

const severity: Readonly<Record<RiskZone, number>> = { safe: 0, warning: 1, danger: 2 };

function choose(state: CheckpointPolicyState, { signals, risk, nowMs, intervalMinutes }: CheckpointFacts): CheckpointTrigger | null {
  const intervalMs = intervalMinutes * 60_000;
  // A clock that was set back says nothing about how long ago it was.
  const sinceLastMs = nowMs < state.lastAtMs ? Number.POSITIVE_INFINITY : nowMs - state.lastAtMs;
  if (sinceLastMs < Math.min(urgentSpacingMs, intervalMs)) return null;
  const mayCome = sinceLastMs >= Math.min(minimumSpacingMs, intervalMs);
  if (risk.zone === 'danger' && state.zone !== 'danger') return 'danger_zone';
  if (mayCome && risk.zone === 'warning' && state.zone === 'safe') return 'warning_zone';
  if (signals.pending.some(({ callId, summary }) => !state.pendingSeen.includes(callId) && isRisky(summary))) return 'risky_operation';
  if (!mayCome) return null;
  if (signals.toolCallsSinceCheckpoint >= toolCallInterval && signals.toolCalls > state.toolCallsSeen) return 'tool_call_interval';
  return sinceLastMs >= intervalMs ? 'time_interval' : null;
}
