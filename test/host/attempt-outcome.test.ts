import { describe, expect, it } from 'vitest';
import { nothingSpent } from '../../domain/budget.js';
import { noCheckpointTimes } from '../../domain/checkpoint-times.js';
import { reportOf } from '../../host/attempt-outcome.js';
import { agentFor } from '../../host/agents/registry.js';
import { SignalCollector } from '../../host/signal-collector.js';

/** What a Temporal server takes as one payload, bytes. */
const largestPayload = 2 * 1_048_576;

describe('the report of an attempt', () => {
  it('stays far below what Temporal takes as one message, whatever the agent has begun, ended and been denied', () => {
    const collector = new SignalCollector(0, 0.75);
    const parser = agentFor('claude-code').parser();
    const long = '日'.repeat(100_000);
    for (let call = 0; call < 300; call += 1) {
      const begun = { type: 'assistant', message: { id: `m${call}`, content: [{ type: 'tool_use', id: `call-${call}`, name: long, input: { command: long } }] } };
      for (const event of parser(JSON.stringify(begun))) collector.observe(event, call);
      const ended = { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: `call-${call}`, is_error: true, content: long }] } };
      if (call % 2) for (const event of parser(JSON.stringify(ended))) collector.observe(event, call);
    }
    const ending = { exitClass: 'crashed', reason: long, exitCode: 1, signal: null, endedAtMs: 300, limitResetsAtMs: null } as const;
    const facts = { runningAtMs: 0, checkpoint: null, checkpointTimes: noCheckpointTimes, longestSilenceMs: 0, fidelity: null, prompt: null, spend: nothingSpent, overBudget: null };
    const report = reportOf({ sessionId: 's', name: 'n', epoch: 1, attemptId: 'a' }, 'host', collector, ending, facts);
    expect(report.pending).toHaveLength(20);
    expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(largestPayload / 4);
  });
});
