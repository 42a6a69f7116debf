/**
 * What shows that a process writes to a session's conversation or works on its tree: its command line names the conversation;
 * it goes on with the newest conversation of the session's folder, which is the session's; it has the conversation's file open
 * for writing; another SHIM has begun it in the session's folder; the conversation's file grew by more than all processes of
 * the session have written.
 */
export const writerEvidences = ['conversation', 'newest_conversation', 'open_transcript', 'other_shim', 'growth'] as const;
export type WriterEvidence = (typeof writerEvidences)[number];

/** Another process on the same conversation or tree, as people are told of it. Free of secrets: its arguments are not in it. */
export interface SecondWriter {
  evidence: WriterEvidence;
  /** Null where nobody was found who could have done it. */
  pid: number | null;
  /** Its program's name; '' where nobody was found. */
  program: string;
  /** Name of the user it runs as, or the number. */
  user: string;
  /** When it was started, Unix ms; null where nobody was found. */
  sinceMs: number | null;
  /** The same in clock ticks since boot, by which the kernel tells it from others of that pid. Hosts of older versions do not tell it. */
  startTicks?: number;
}

/** A process that a person has allowed to go on beside a session. Another one, be it of the same program or pid, is not allowed by that. */
export interface AllowedWriter {
  pid: number;
  startTicks: number;
}

/** Whether a second writer is one of those that a person has allowed. */
export function isAllowed(allowed: readonly AllowedWriter[], { pid, startTicks }: Pick<SecondWriter, 'pid' | 'startTicks'>): boolean {
  return allowed.some((each) => each.pid === pid && each.startTicks === startTicks);
}

/** What a command line of the session's agent's own program says of the conversation it works on. */
export type ConversationClaim = { kind: 'conversation'; id: string } | { kind: 'newest' } | { kind: 'none' };

/** What is known of a process. */
export interface WriterFacts {
  /** It belongs to the session's own attempt. */
  isOwn: boolean;
  /** Null where its program is not that of the session's agent. */
  claim: ConversationClaim | null;
  /** Whether it would find the session's conversation under its id: it has the same settings folder, and the same place for it. */
  sharesConversations: boolean;
  /** It works in the session's folder itself, not above or below it. */
  isInTree: boolean;
  /** It has the conversation's file open for writing. */
  writesTranscript: boolean;
  /** It is marked as begun by a SHIM, for a session that this one does not know. */
  isOfOtherShim: boolean;
}

/**
 * Says whether a process is a second writer of a session. An editor or a shell in the folder never is, nor is git: only the
 * agent's own program can be, or what another SHIM has begun.
 *
 * @param conversationId of the session; null where it has none. @returns what shows it; null where nothing does.
 */
export function evidenceOf(facts: WriterFacts, conversationId: string | null): WriterEvidence | null {
  const { isOwn, claim, sharesConversations, isInTree, writesTranscript, isOfOtherShim } = facts;
  if (isOwn) return null;
  if (isOfOtherShim && isInTree) return 'other_shim';
  if (claim === null || conversationId === null) return null;
  if (writesTranscript) return 'open_transcript';
  if (!sharesConversations) return null;
  if (claim.kind === 'conversation') return claim.id === conversationId ? 'conversation' : null;
  return claim.kind === 'newest' && isInTree ? 'newest_conversation' : null;
}

/** One look at a transcript and at all that the session's processes have written so far, bytes. */
export interface GrowthLook {
  transcriptBytes: number;
  writtenBytes: number;
}

/**
 * How much of a transcript's growth the session's own processes cannot have written, bytes. Their writes have to be counted
 * before the first look at the transcript, and after the second one: then the answer is never more than others wrote. It is
 * less where they wrote something else meanwhile.
 */
export function unexplainedGrowth(before: GrowthLook, after: GrowthLook): number {
  const grown = after.transcriptBytes - before.transcriptBytes;
  return Math.max(0, grown - Math.max(0, after.writtenBytes - before.writtenBytes));
}

const words: Readonly<Record<WriterEvidence, string>> = {
  conversation: 'works on the same conversation',
  newest_conversation: 'goes on with the newest conversation of the folder, which is this one',
  open_transcript: 'has the conversation open for writing',
  other_shim: 'was begun in the same folder by another SHIM',
  growth: 'is the only one found who can have written to the conversation, which grew by more than its own agent wrote',
};

/** Who it is, one line: `claude (pid 71, user ann, since 2026-01-02T03:04:05.000Z) works on the same conversation`. */
export function describeWriter({ evidence, pid, program, user, sinceMs }: SecondWriter): string {
  if (pid === null) return 'somebody who is gone has written to the conversation, which grew by more than its own agent wrote';
  return `${program} (pid ${pid}, user ${user}${sinceMs === null ? '' : `, since ${new Date(sinceMs).toISOString()}`}) ${words[evidence]}`;
}
