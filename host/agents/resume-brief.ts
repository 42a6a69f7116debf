import type { ExitClass } from '../../domain/exit-class.js';
import type { PendingOperation } from '../../domain/signals.js';

/** What a resumed agent has to know of the attempt before. */
export interface BriefFacts {
  epoch: number;
  previousEpoch: number;
  exitClass: ExitClass;
  reason: string;
  /** ISO 8601. */
  endedAt: string;
  /** Started and not seen to end. */
  inFlight: readonly PendingOperation[];
  /** What is not there any more, in words. */
  lost: readonly string[];
  /** The conversation before is not there: the agent starts from this text and the working tree. */
  withoutHistory: boolean;
  messages: number;
  toolCalls: number;
  checkpoint: { id: string; at: string } | null;
}

const operationsShown = 20;

/**
 * The text a resumed agent begins with: what happened, what was in flight with its outcome unknown, and that nothing is
 * to be repeated without looking first. At most about 14 kB. The JSON block says the same for programs.
 */
export function resumeBrief(facts: BriefFacts): string {
  const { inFlight, lost } = facts;
  const lines = [
    '[SHIM resume brief]',
    `You are attempt ${facts.epoch} of a supervised session. Attempt ${facts.previousEpoch} ended at ${facts.endedAt}: ${facts.exitClass} (${facts.reason}).`,
    'The working tree is as that attempt left it; nothing in it was rolled back.',
  ];
  if (facts.withoutHistory) {
    lines.push(
      `You do not have its conversation (${facts.messages} messages, ${facts.toolCalls} tool calls). Look at the working tree, its recent changes and its notes before you go on; much of the task may be done already.`,
    );
  }
  if (facts.checkpoint) lines.push(`The last checkpoint is ${facts.checkpoint.id} of ${facts.checkpoint.at}.`);
  if (inFlight.length === 0) {
    lines.push('No operation was in flight.');
  } else {
    lines.push('', 'In flight when it ended, OUTCOME UNKNOWN: each may have happened wholly, partly or not at all.');
    for (const { tool, summary } of inFlight.slice(-operationsShown)) lines.push(`- ${tool}: ${summary}`);
    lines.push('Verify the outcome of each before you repeat it.');
  }
  if (lost.length > 0) lines.push('', 'Lost:', ...lost.map((what) => `- ${what}`));
  lines.push('', 'Go on with the task from where it stands.', '', '```json', JSON.stringify(machineReadable(facts)), '```');
  return lines.join('\n');
}

function machineReadable({ previousEpoch, exitClass, reason, inFlight }: BriefFacts) {
  return { previous: { epoch: previousEpoch, exitClass, reason }, inFlight: inFlight.slice(-operationsShown) };
}
