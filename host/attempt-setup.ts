import type { AttemptKey } from '../domain/attempt.js';
import type { Parameters } from '../domain/parameters.js';
import type { SessionSpec } from '../domain/session.js';
import type { Signals } from '../domain/signals.js';
import type { Agent } from './agents/agent.js';
import type { AttemptFolder } from './attempt-folder.js';
import type { CheckpointContext, CheckpointManager } from './checkpoints/checkpoint-manager.js';
import type { Redactor } from './output/redaction.js';
import type { HeldAttempt } from './process/holder.js';
import type { PromptDelivery } from './prompt-delivery.js';
import type { SessionFolder } from './session-folder.js';
import type { AttemptRecord } from './session-records.js';

/** What an attempt is run with. */
export interface AttemptSetup {
  key: AttemptKey;
  spec: SessionSpec;
  /** What it was begun with, or given last. */
  parameters: Parameters;
  agent: Agent;
  conversationId: string | null;
  startedAtMs: number;
  session: SessionFolder;
  folder: AttemptFolder;
  held: HeldAttempt;
  checkpoints: CheckpointManager;
  environment: Readonly<Record<string, string>>;
  redact: Redactor;
  /** As it was begun. */
  record: AttemptRecord;
  /** Of the queued prompt that it was begun with; null where there was none. */
  delivery: ((conversationId: () => string | null) => PromptDelivery) | null;
  /** It is only to shorten its conversation. */
  compacting: boolean;
  /** The account that is to be told of its first answer; null where none is. */
  probeOf: string | null;
}

/** Where the agent writes its conversation; null where it keeps none, or there is none yet. */
export function transcriptPathOf(setup: AttemptSetup, { conversationId }: Signals): string | null {
  return conversationId === null ? null : setup.agent.transcriptPath(setup, conversationId);
}

/** What a checkpoint of the attempt is made of. */
export function checkpointContextOf(setup: AttemptSetup, signals: Signals): CheckpointContext {
  const { key, spec, agent } = setup;
  return {
    sessionId: key.sessionId,
    sessionName: key.name,
    epoch: key.epoch,
    attemptId: key.attemptId,
    signals,
    transcriptPath: transcriptPathOf(setup, signals),
    isMessage: agent.isMessage,
    launch: { agent: spec.agent, argv: spec.argv, cwd: spec.cwd, environmentNames: spec.environmentNames, conversationId: signals.conversationId, agentVersion: signals.agentVersion },
  };
}
