import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StartAgentInput } from '../domain/host-requests.js';
import type { ResumeContext } from './agents/agent.js';
import type { AttemptFolder } from './attempt-folder.js';
import { endOfTranscript, PromptDelivery } from './prompt-delivery.js';
import type { PreviousAttempt } from './resume-plan.js';
import type { AttemptRecord } from './session-records.js';
import type { SessionRuntime } from './session-runtime.js';

/** Told again of what was asked for later than the task: prompts, and characters of each. */
const retold = { prompts: 3, characters: 8_192 };

type PromptRecord = NonNullable<AttemptRecord['prompt']>;

/** What a resume brings from the session's queue. */
export type FollowUp = NonNullable<ResumeContext['followUp']>;

/**
 * The queued prompt that an attempt is to bring; null where there is none, or the attempt before has brought it after all:
 * its death may have been told before its last words were written.
 */
export function followUpOf(runtime: SessionRuntime, { prompt }: StartAgentInput, previous: PreviousAttempt): FollowUp | null {
  const { folder } = runtime;
  const before = previous.folder.record()?.prompt;
  const wasDelivered = before !== undefined && isDelivered(runtime, previous, before);
  // Taken out of the queue since: nobody is to be told of it.
  if (before && !wasDelivered && before.id !== prompt?.id) rmSync(folder.promptPath(before.id), { force: true });
  if (!prompt || (wasDelivered && before.id === prompt.id)) return null;
  const path = folder.promptPath(prompt.id);
  writeFileSync(path, prompt.text, { mode: 0o600 });
  return { text: prompt.text, path, isAlone: previous.report.exitClass === 'completed' };
}

/** What is noted of the prompt when its attempt is begun. @param conversationId of the conversation that the agent is started with. */
export function promptRecord(runtime: SessionRuntime, { prompt }: StartAgentInput, plan: { followUp: FollowUp | null } | null, conversationId: string | null): PromptRecord | undefined {
  if (!prompt) return undefined;
  if (!plan?.followUp) return { id: prompt.id, fromBytes: null, isDelivered: plan !== null };
  const transcript = conversationId === null ? null : runtime.agent.transcriptPath(runtime, conversationId);
  return { id: prompt.id, fromBytes: endOfTranscript(transcript), isDelivered: false };
}

/** Follows the delivery of an attempt's prompt. @param conversationId as it is known now. */
export function deliveryOf(runtime: SessionRuntime, attempt: AttemptFolder, prompt: PromptRecord, wasSeen: boolean, conversationId: () => string | null): PromptDelivery {
  const { agent, folder } = runtime;
  const transcriptPath = () => {
    const id = conversationId();
    return id === null ? null : agent.transcriptPath(runtime, id);
  };
  return new PromptDelivery({ agent, prompt, attemptPath: attempt.path, promptPath: folder.promptPath(prompt.id), transcriptPath }, wasSeen || prompt.isDelivered);
}

/** The prompts that the session's agent was given after its task; for one that has lost its conversation. */
export function laterTasks({ agent, folder }: SessionRuntime, now: FollowUp | null): string {
  if (agent.kind === 'command') return '';
  const place = dirname(folder.promptPath(1));
  return readdirSync(place)
    .filter((name) => /^prompt-\d+\.txt$/.test(name) && join(place, name) !== now?.path)
    .sort()
    .slice(-retold.prompts)
    .map((name) => cut(readFileSync(join(place, name), 'utf8'), join(place, name)))
    .join('\n\n');
}

function isDelivered(runtime: SessionRuntime, { folder, report, live }: PreviousAttempt, prompt: PromptRecord): boolean {
  const delivery = deliveryOf(runtime, folder, prompt, report.prompt?.delivered === true || live?.promptDelivered === true, () => live?.signals.conversationId ?? folder.record()?.conversationId ?? null);
  delivery.look();
  return delivery.isDelivered;
}

function cut(text: string, path: string): string {
  return text.length <= retold.characters ? text : `${text.slice(0, retold.characters)}… (cut; all of it is in ${path})`;
}
