import type { EndFacts, EndVerdict } from './agent.js';

/** A conversation that keeps more than this share of its tokens would soon be full again, ratio 0-1. */
export const keptAtMost = 0.7;

/**
 * What the end of an attempt amounts to that was only to shorten its conversation. Whether it did is told by the boundary in
 * the stream and by the tokens on both sides of it, never by the exit or the result: Claude Code ends well after a
 * compaction that failed.
 *
 * @param verdict what the same end would amount to in an attempt at work.
 */
export function classifyCompaction({ signals }: EndFacts, verdict: EndVerdict): EndVerdict {
  if (verdict.exitClass !== 'completed' && verdict.exitClass !== 'context_full') return verdict;
  const { compaction } = signals;
  const isSmaller = verdict.exitClass === 'completed' && signals.compactions > 0 && compaction != null && compaction.afterTokens <= keptAtMost * compaction.beforeTokens;
  const exitClass = isSmaller ? 'compacted' : 'context_full';
  return { exitClass, reason: isSmaller ? `the agent's own compaction: ${tokens(compaction)}` : `the agent's own compaction did not help: ${whyNot(signals, verdict)}`, limitResetsAtMs: null };
}

function whyNot({ compactions, compaction }: EndFacts['signals'], { exitClass, reason }: EndVerdict): string {
  if (exitClass === 'context_full') return reason;
  if (compactions === 0) return 'the conversation was not shortened';
  return compaction == null ? 'it does not tell by how much' : `${tokens(compaction)}, at most ${Math.round(keptAtMost * 100)} % may be kept`;
}

function tokens({ beforeTokens, afterTokens }: { beforeTokens: number; afterTokens: number }): string {
  return `${beforeTokens} tokens before, ${afterTokens} after`;
}
