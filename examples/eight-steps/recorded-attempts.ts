import { randomUUID } from 'node:crypto';
import { noCheckpointTimes, withCheckpoint } from '../../domain/checkpoint-times.js';
import { seededRandom } from '../../domain/statistics/seeded-random.js';
import type { AttemptReport } from '../../index.js';

const minuteMs = 60_000;
const attempts = 200;
/** Of the time that attempts run until they crash. */
const meanLifeMs = 60 * minuteMs;
const intervalMs = 10 * minuteMs;

/** What a host would have told of an attempt and its checkpoints. */
export interface RecordedAttempt {
  report: AttemptReport;
  /** How long each of its checkpoints took, ms. */
  checkpointsMs: number[];
}

/** Attempts that crash about once an hour, and are checkpointed every ten minutes in 60 ms. */
export function recordedAttempts(): RecordedAttempt[] {
  const random = seededRandom(7);
  const nowMs = Date.now();
  return Array.from({ length: attempts }, (_, n) => {
    const livedMs = Math.round(-Math.log(1 - random()) * meanLifeMs);
    const checkpointsMs = Array.from({ length: 1 + Math.floor(livedMs / intervalMs) }, () => 50 + 20 * random());
    const startedAtMs = nowMs - livedMs;
    const report: AttemptReport = {
      sessionId: randomUUID(),
      name: `recorded-${n}`,
      epoch: 1,
      attemptId: randomUUID(),
      hostId: 'example',
      exitClass: 'crashed',
      exitCode: 1,
      signal: null,
      reason: 'exit code 1',
      startedAtMs,
      runningAtMs: startedAtMs,
      endedAtMs: nowMs,
      checkpoint: { id: 'ck-0001', atMs: nowMs - (livedMs % intervalMs) },
      pending: [],
      zoneBeforeEnd: 'safe',
      messages: 10,
      toolCalls: 10,
      inputTokens: 10_000,
      outputTokens: 1_000,
      costUsd: null,
      limitResetsAtMs: null,
      checkpointTimes: checkpointsMs.reduce(withCheckpoint, noCheckpointTimes),
    };
    return { report, checkpointsMs };
  });
}
