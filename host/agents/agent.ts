import type { AgentEvent } from '../../domain/agent-event.js';
import type { ExitClass } from '../../domain/exit-class.js';
import type { ResumeRung } from '../../domain/parameters.js';
import type { AgentKind, SessionSpec } from '../../domain/session.js';
import type { ConversationClaim } from '../../domain/second-writer.js';
import type { Signals } from '../../domain/signals.js';
import type { CallsInEntry } from './unannounced-calls.js';

/** What an agent is started in. */
export interface LaunchContext {
  spec: SessionSpec;
  /** The environment it will have: names allowed by the session, with the values kept on this host. */
  environment: Readonly<Record<string, string>>;
  /** The attempt's folder. */
  attemptPath: string;
  /** The session's checkpoint folder, for agents that keep state of their own there. */
  checkpointPath: string;
  epoch: number;
  /** What may still be spent, for an agent that keeps a budget of dollars itself: by a new conversation, and by one whose cost it goes on counting. */
  spendableUsd?: { anew: number; resumed: number };
}

/** What a look at the conversation's file found, before a resume. */
export interface TranscriptFinding {
  path: string;
  /** Messages on lines that parse. */
  messages: number;
  /** Complete lines that do not: an agent drops them silently. */
  malformedLines: number;
}

/** What a resume has to go by. */
export interface ResumeContext extends LaunchContext {
  strategy: ResumeRung;
  /** The agent's own id of the conversation before; null where it never told one. */
  conversationId: string | null;
  /** Null where there is no transcript to be found. */
  transcript: TranscriptFinding | null;
  /** The conversation before did not fit any more: a fork keeps its younger half only. */
  contextIsFull?: boolean;
  /** What the agent has to know, as text; also written to `briefPath`. */
  brief: string;
  briefPath: string;
  /** A prompt from the session's queue, and the file that holds it; `isAlone` after a completed turn, of which there is nothing to tell. */
  followUp?: { text: string; path: string; isAlone: boolean } | null;
  /** What it was told to do after its first task, for an agent that has lost its conversation. */
  laterTasks?: string;
}

/** How to start the agent. */
export interface Launch {
  /** The program and its arguments. */
  argv: string[];
  /** Added to the environment. */
  environment: Record<string, string>;
  /** Chosen before the start, where the agent allows it. */
  conversationId: string | null;
  /** The rung that is really used: a lower one than asked for where the higher one cannot be. */
  strategy: ResumeRung | 'fresh';
  /** Why a lower rung was taken; null if it was not. */
  strategyReason: string | null;
  /** Messages of the conversation before, and how many of them the resumed one has; null where the agent keeps no transcript. */
  messages: { before: number; after: number } | null;
}

/** Turns an agent's output into events, line by line. Never throws: a line it does not understand is `output`. */
export type StreamParser = (line: string) => AgentEvent[];

/** What is known at an attempt's end. */
export interface EndFacts {
  exitCode: number | null;
  signal: string | null;
  signals: Signals;
  /** The last of stderr, redacted. */
  stderrTail: string;
  /** The attempt was only to shorten its conversation. */
  compacting?: boolean;
}

/** What an end amounts to. */
export interface EndVerdict {
  exitClass: ExitClass;
  /** One line. */
  reason: string;
  limitResetsAtMs: number | null;
}

/** A conversation that was taken out of a checkpoint. */
export interface RestoredConversation {
  conversationId: string;
  /** Where it was written. */
  path: string;
  /** Where the agent had it. */
  originalPath: string;
  /** The folder in which the agent is to go on. */
  cwd: string;
}

/** One kind of agent. All that is particular to a vendor is behind this. */
export interface Agent {
  kind: AgentKind;
  /** The start of a session's first attempt. @throws HostError Misconfigured with what to do about it. */
  launchFirst(context: LaunchContext): Launch;
  /** The start of a later attempt. @throws HostError Misconfigured. */
  launchResume(context: ResumeContext): Launch;
  parser(): StreamParser;
  classifyEnd(facts: EndFacts): EndVerdict;
  /** Where the agent writes its conversation; null where it keeps none or it is not there yet. */
  transcriptPath(context: Pick<LaunchContext, 'spec' | 'environment'>, conversationId: string): string | null;
  /** What a process of this agent's own program says of the conversation that it works on; null where it runs another program. @param argv of the process. */
  claimIn(argv: readonly string[]): ConversationClaim | null;
  /** The commands by which a person goes on with a restored conversation, without SHIM. */
  resumeByHand(conversation: RestoredConversation): string[];
  /** Whether an entry of the transcript is a message of the conversation. */
  isMessage: (entry: Record<string, unknown>) => boolean;
  /** The words of an entry of the transcript that is a prompt; null for any other. */
  promptIn: (entry: Record<string, unknown>) => string | null;
  /** What an entry of the transcript says of tool calls. */
  callsIn: (entry: Record<string, unknown>) => CallsInEntry;
  /** It counts as running once it has lived for a second, although it says nothing. */
  runsSilently: boolean;
}
