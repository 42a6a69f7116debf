import type { ExitClass } from '../../domain/exit-class.js';
import type { PendingOperation } from '../../domain/signals.js';
import { oneLine } from './json-line.js';

/** What a resumed agent has to know of the attempt before. All texts are redacted already. */
export interface BriefFacts {
  epoch: number;
  previousEpoch: number;
  exitClass: ExitClass;
  reason: string;
  /** ISO 8601. */
  endedAt: string;
  /** Started and not seen to end. */
  inFlight: readonly PendingOperation[];
  /**
   * Ended in the last second or so: an agent writes its transcript late (Claude Code up to 150 ms), so that a kill may take
   * with it that these ever ran.
   */
  justEnded?: readonly PendingOperation[];
  /** What is not there any more, in words. */
  lost: readonly string[];
  /** The conversation before is not there: the agent starts from this text and the working tree. */
  withoutHistory: boolean;
  messages: number;
  toolCalls: number;
  checkpoint: { id: string; at: string } | null;
}

/** A brief is at most this long, bytes. */
export const longestBrief = 8_192;

/** How much is told, ever less until the brief is short enough: items of a list, characters of each. */
const measures = [
  { items: 20, characters: 500 },
  { items: 20, characters: 150 },
  { items: 10, characters: 100 },
  { items: 3, characters: 40 },
];

/**
 * The text a resumed agent begins with: what happened, what was in flight with its outcome unknown, and that nothing is
 * to be repeated without looking first. At most `longestBrief` bytes. The JSON block says the same for programs.
 */
export function resumeBrief(facts: BriefFacts): string {
  const texts = measures.map(({ items, characters }) => write(facts, items, characters));
  return texts.find((text) => Buffer.byteLength(text) <= longestBrief) ?? texts.at(-1) ?? '';
}

function write(facts: BriefFacts, items: number, characters: number): string {
  const { inFlight, lost, previousEpoch, exitClass } = facts;
  const reason = oneLine(facts.reason, characters);
  const lines = [
    '[SHIM resume brief]',
    `You are attempt ${facts.epoch} of a supervised session. Attempt ${previousEpoch} ended at ${facts.endedAt}: ${exitClass} (${reason}).`,
    'The working tree is as that attempt left it; nothing in it was rolled back.',
  ];
  if (facts.withoutHistory) {
    lines.push(
      `You do not have its conversation (${facts.messages} messages, ${facts.toolCalls} tool calls). Look at the working tree, its recent changes and its notes before you go on; much of the task may be done already.`,
    );
  }
  if (facts.checkpoint) lines.push(`The last checkpoint is ${facts.checkpoint.id} of ${facts.checkpoint.at}.`);
  const told = inFlight.slice(-items).map(({ callId, tool, summary, startedAtMs }) => ({ callId: oneLine(callId, characters), tool: oneLine(tool, characters), summary: oneLine(summary, characters), startedAtMs }));
  if (told.length === 0) {
    lines.push('No operation was in flight.');
  } else {
    lines.push('', 'In flight when it ended, OUTCOME UNKNOWN: each may have happened wholly, partly or not at all.');
    lines.push(...told.map(({ tool, summary }) => `- ${tool}: ${summary}`));
    if (inFlight.length > told.length) lines.push(`- and ${inFlight.length - told.length} earlier ones`);
    lines.push('Verify the outcome of each before you repeat it.');
  }
  const ended = (facts.justEnded ?? []).slice(-items);
  if (ended.length > 0) {
    lines.push('', 'Ended just before, and perhaps missing from your history: these did run.');
    lines.push(...ended.map(({ tool, summary }) => `- ${oneLine(tool, characters)}: ${oneLine(summary, characters)}`));
  }
  if (lost.length > 0) {
    lines.push('', 'Lost:', ...lost.slice(0, items).map((what) => `- ${oneLine(what, characters)}`));
    if (lost.length > items) lines.push(`- and ${lost.length - items} more`);
  }
  const machineReadable = { previous: { epoch: previousEpoch, exitClass, reason }, inFlight: told };
  lines.push('', 'Go on with the task from where it stands.', '', '```json', JSON.stringify(machineReadable), '```');
  return lines.join('\n');
}
