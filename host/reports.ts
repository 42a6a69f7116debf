import type { AttemptKey, AttemptReport } from '../domain/attempt.js';
import type { CheckpointRef } from '../domain/checkpoint.js';
import type { SecondWriter } from '../domain/second-writer.js';

/** Whether a message reached the session's workflow, or there is no such open workflow any more. */
export type Delivery = 'delivered' | 'gone';

/**
 * The way from a host to the workflows of its sessions. An implementation retries until the one or the other is certain;
 * a Temporal that is away delays it and loses nothing.
 */
export interface Reports {
  running(key: AttemptKey, runningAtMs: number, signal: AbortSignal): Promise<Delivery>;
  ended(report: AttemptReport, signal: AbortSignal): Promise<Delivery>;
  checkpointMade(key: AttemptKey, checkpoint: CheckpointRef & { trigger: string }, signal: AbortSignal): Promise<Delivery>;
  secondWriter(key: AttemptKey, writer: SecondWriter, signal: AbortSignal): Promise<Delivery>;
  /** An attempt has ended, and the next one is put off; its end is sent when it may begin. */
  waits(key: AttemptKey, reason: string, signal: AbortSignal): Promise<Delivery>;
  /** An attempt that was let go to see whether its account's limit is over had an answer. */
  answered(key: AttemptKey, account: string, signal: AbortSignal): Promise<Delivery>;
  /** Names of the sessions that an open workflow supervises on this host, with the session's id; null while Temporal cannot be asked. */
  supervised(): Promise<ReadonlyMap<string, string> | null>;
  /** How many sessions an open workflow supervises on this host; null while Temporal cannot be asked. */
  countSupervised(): Promise<number | null>;
}
