import { outcomeSchema, type Outcome } from '../../domain/outcome.js';
import type { OutcomeRow } from './tables.js';

/** @param recordedAtMs Unix ms. */
export function rowOfOutcome(outcome: Outcome, recordedAtMs: number): OutcomeRow {
  return {
    attempt_id: outcome.attemptId,
    session_id: outcome.sessionId,
    session_name: outcome.sessionName,
    host_id: outcome.hostId,
    agent: outcome.agent,
    epoch: outcome.epoch,
    exit_class: outcome.exitClass,
    crashed: outcome.crashed ? 1 : 0,
    started_at_ms: outcome.startedAtMs,
    running_at_ms: outcome.runningAtMs,
    ended_at_ms: outcome.endedAtMs,
    resume_strategy: outcome.resumeStrategy,
    work_lost_ms: outcome.workLostMs,
    messages: outcome.messages,
    tool_calls: outcome.toolCalls,
    input_tokens: outcome.inputTokens,
    output_tokens: outcome.outputTokens,
    cost_usd: outcome.costUsd,
    parameters: JSON.stringify(outcome.parameters),
    fidelity: outcome.fidelity,
    downtime_ms: outcome.downtimeMs,
    checkpoints: JSON.stringify(outcome.checkpoints),
    max_context_use: outcome.maxContextUse,
    longest_silence_ms: outcome.longestSilenceMs,
    zone_before_end: outcome.zoneBeforeEnd,
    recorded_at_ms: recordedAtMs,
  };
}

/** @throws ZodError where the row is none of ours. */
export function outcomeOfRow(row: OutcomeRow): Outcome {
  return outcomeSchema.parse({
    attemptId: row.attempt_id,
    sessionId: row.session_id,
    sessionName: row.session_name,
    hostId: row.host_id,
    agent: row.agent,
    epoch: row.epoch,
    exitClass: row.exit_class,
    crashed: row.crashed === 1,
    startedAtMs: row.started_at_ms,
    runningAtMs: row.running_at_ms,
    endedAtMs: row.ended_at_ms,
    resumeStrategy: row.resume_strategy,
    workLostMs: row.work_lost_ms,
    messages: row.messages,
    toolCalls: row.tool_calls,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costUsd: row.cost_usd,
    parameters: JSON.parse(row.parameters),
    fidelity: row.fidelity,
    downtimeMs: row.downtime_ms,
    checkpoints: JSON.parse(row.checkpoints),
    maxContextUse: row.max_context_use,
    longestSilenceMs: row.longest_silence_ms,
    zoneBeforeEnd: row.zone_before_end,
  });
}
