import { nothingSpent, sumOf, type Spend } from '../../domain/budget.js';
import type { AttemptReport } from '../../domain/attempt.js';
import { inputTokensOf, type Signals } from '../../domain/signals.js';
import type { AgentKind } from '../../domain/session.js';
import type { SessionFolder } from '../session-folder.js';

const msPerHour = 3_600_000;

/** What a session's ended attempts have spent, as their reports tell. @param below only attempts with a lower epoch. */
export function spentBefore(folder: SessionFolder, below = Number.POSITIVE_INFINITY): Spend {
  let sum = nothingSpent;
  for (const epoch of folder.epochs().toReversed()) {
    const report = epoch < below ? folder.attempt(epoch).report() : null;
    if (!report) continue;
    // Each holds what all before it have spent; those of older versions do not.
    if (report.spend) return sumOf(sum, report.spend);
    sum = sumOf(sum, ownSpend(report));
  }
  return sum;
}

function ownSpend({ inputTokens, outputTokens, costUsd, startedAtMs, endedAtMs }: AttemptReport): Spend {
  return { tokens: inputTokens + outputTokens, usd: costUsd ?? 0, hours: Math.max(0, endedAtMs - startedAtMs) / msPerHour };
}

/** What an agent's own counts stood at when its attempt was begun. */
export interface BegunWith {
  tokens: number;
  usd: number;
}

export const begunAnew: BegunWith = { tokens: 0, usd: 0 };

/**
 * What the counts of an agent begin with that is resumed natively: Codex goes on counting its tokens where its conversation
 * ended, Claude Code its cost.
 *
 * @param before of the attempt before: its last counts, where it told any; else what these had begun with.
 */
export function countsBegunWith(agent: AgentKind, before: { report: AttemptReport; begunWith: BegunWith } | null): BegunWith {
  if (!before) return begunAnew;
  const { report, begunWith } = before;
  const tokens = report.inputTokens + report.outputTokens;
  return { tokens: agent === 'codex' ? tokens || begunWith.tokens : 0, usd: agent === 'claude-code' ? (report.costUsd ?? begunWith.usd) : 0 };
}

/** What an attempt's session has spent by now, the attempt's own part as its stream tells it. @param livedMs of the attempt. */
export function spentSoFar(before: Spend, begunWith: BegunWith, { usage, costUsd }: Pick<Signals, 'usage' | 'costUsd'>, livedMs: number): Spend {
  const tokens = beyond(begunWith.tokens, inputTokensOf(usage) + usage.outputTokens);
  return sumOf(before, { tokens, usd: beyond(begunWith.usd, costUsd ?? 0), hours: Math.max(0, livedMs) / msPerHour });
}

/** A count that is lower than what it should have begun with has begun anew. */
function beyond(begunWith: number, now: number): number {
  return now >= begunWith ? now - begunWith : now;
}
