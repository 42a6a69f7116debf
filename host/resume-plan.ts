import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttemptReport } from '../domain/attempt.js';
import type { CheckpointManifest } from '../domain/checkpoint.js';
import type { StartAgentInput } from '../domain/host-requests.js';
import type { PendingOperation } from '../domain/signals.js';
import type { Launch, LaunchContext, ResumeContext, TranscriptFinding } from './agents/agent.js';
import { resumeBrief } from './agents/resume-brief.js';
import { unannouncedCalls } from './agents/unannounced-calls.js';
import type { AttemptFolder } from './attempt-folder.js';
import type { RejectedCheckpoint } from './checkpoints/checkpoint-repository.js';
import { countFrom } from './checkpoints/transcript-segments.js';
import { followUpOf, laterTasks, type FollowUp } from './follow-up.js';
import type { LiveRecord } from './session-records.js';
import type { SessionRuntime } from './session-runtime.js';

/** Kept of what a tool was called with, characters. */
const summaryLength = 500;

/** The attempt before, as far as the disk tells. */
export interface PreviousAttempt {
  folder: AttemptFolder;
  report: AttemptReport;
  live: LiveRecord | null;
  /** Reports of attempts before it of which the agent was told nothing: it was only told to shorten its conversation. Oldest first. */
  untold: AttemptReport[];
}

/** How a session goes on, and what that rests on. */
export interface ResumePlan {
  launch: Launch;
  /** From the session's queue; null where there is none, or the agent has it. */
  followUp: FollowUp | null;
  /** Begun in the attempt before and not known to have ended. */
  inFlight: PendingOperation[];
  checkpoint: CheckpointManifest | null;
  rejected: RejectedCheckpoint[];
  /** What is not there any more, in words. */
  lost: string[];
}

/** Chooses the way back: what is there of the conversation is looked at, what was in flight is told to the agent. */
export async function planResume(runtime: SessionRuntime, input: StartAgentInput & Pick<LaunchContext, 'spendableUsd'>, attempt: AttemptFolder, previous: PreviousAttempt): Promise<ResumePlan> {
  const { manifest, rejected } = await runtime.checkpoints.load();
  const conversationId = previous.live?.signals.conversationId ?? previous.folder.record()?.conversationId ?? null;
  const transcript = await findTranscript(runtime, conversationId, manifest);
  const lost = rejected.map(({ id, reason }) => `checkpoint ${id}: ${reason}`);
  if (transcript && transcript.malformedLines > 0) lost.push(`${transcript.malformedLines} lines of the conversation that cannot be read`);
  const { report } = previous;
  const withoutHistory = input.strategy === 'brief' || transcript === null || transcript.messages === 0;
  const keepsHistory = runtime.agent.kind !== 'command';
  const done = withUntold(previous);
  const inFlight = operationsInFlight(runtime, done, transcript);
  const briefPath = join(attempt.path, 'resume-brief.md');
  const brief = resumeBrief({
    epoch: input.epoch,
    previousEpoch: report.epoch,
    exitClass: report.exitClass,
    reason: report.reason,
    endedAt: new Date(report.endedAtMs).toISOString(),
    inFlight,
    justEnded: runtime.agent.kind === 'command' ? [] : (done.justEnded ?? []),
    lost,
    withoutHistory: keepsHistory && withoutHistory,
    messages: report.messages,
    toolCalls: report.toolCalls,
    checkpoint: manifest && { id: manifest.id, at: manifest.createdAt },
  });
  writeFileSync(briefPath, brief, { mode: 0o600 });
  const followUp = followUpOf(runtime, input, previous);
  const context: ResumeContext = {
    ...runtime.launchContext(attempt),
    ...(input.spendableUsd ? { spendableUsd: input.spendableUsd } : {}),
    strategy: input.strategy,
    conversationId,
    transcript,
    contextIsFull: report.exitClass === 'context_full',
    brief,
    briefPath,
    followUp,
    laterTasks: laterTasks(runtime, followUp),
  };
  const launch = countedFromTheStream(runtime.agent.launchResume(context), previous);
  const unwritten = launch.messages && launch.messages.before - (transcript?.messages ?? 0) - (transcript?.malformedLines ?? 0);
  if (unwritten !== null && unwritten > 0) lost.push(`${unwritten} messages that the agent had not written down when it ended`);
  if (report.exitClass === 'compacted') lost.push(`the older part of the conversation, but for its summary (${report.reason})`);
  if (keepsHistory && launch.strategy === 'brief' && report.messages > 0) lost.push(`the conversation (${report.messages} messages): the agent starts from a brief`);
  // Who is only to shorten its conversation is told of nothing: the attempt after it is.
  return { launch, followUp: launch.strategy === 'compact' ? null : followUp, inFlight: launch.strategy === 'compact' ? [] : inFlight, checkpoint: manifest, rejected, lost };
}

/** The report of the attempt before, with what those before it had begun and nobody was told of. */
function withUntold({ report, untold }: PreviousAttempt): AttemptReport {
  const all = [...untold, report];
  return { ...report, pending: all.flatMap(({ pending }) => pending), justEnded: all.flatMap(({ justEnded = [] }) => justEnded), startedAtMs: Math.min(...all.map(({ startedAtMs }) => startedAtMs)) };
}

/** Looks at the conversation: what the checkpoint has validated is not read again, only what came after it. */
async function findTranscript(runtime: SessionRuntime, conversationId: string | null, manifest: CheckpointManifest | null): Promise<TranscriptFinding | null> {
  const path = conversationId === null ? null : runtime.agent.transcriptPath(runtime, conversationId);
  if (path === null) return null;
  const known = manifest?.transcript?.path === path ? manifest.transcript : null;
  const after = await countFrom(path, known?.validatedBytes ?? 0, runtime.agent.isMessage);
  return { path, messages: (known?.messages ?? 0) + after.messages, malformedLines: (known?.malformedLines ?? 0) + after.malformedLines };
}

/** What the stream told of, and what only the transcript knows to have begun. */
function operationsInFlight({ agent, redact }: SessionRuntime, { pending, justEnded = [], startedAtMs }: AttemptReport, transcript: TranscriptFinding | null): PendingOperation[] {
  const unannounced = transcript ? unannouncedCalls(transcript.path, startedAtMs, agent.callsIn, { pending, justEnded }) : [];
  return [...pending, ...unannounced.map((call) => ({ ...call, summary: redact(call.summary).slice(0, summaryLength) }))];
}

/** An agent writes its transcript late: what was seen in its stream counts as having been there, written or not. */
function countedFromTheStream(launch: Launch, { folder, live }: PreviousAttempt): Launch {
  if (!launch.messages) return launch;
  const seen = (folder.record()?.messagesAtStart ?? 0) + (live?.signals.entries ?? 0);
  return { ...launch, messages: { ...launch.messages, before: Math.max(launch.messages.before, seen) } };
}
