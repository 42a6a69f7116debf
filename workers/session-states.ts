import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { closedStates, sessionStates, type SessionState } from '../domain/session.js';

/** Between two countings, ms. */
const countEveryMs = 15_000;

const openStates = sessionStates.filter((state) => !closedStates.includes(state));

/** How many open sessions are in each state, by Temporal's account: one call a state, whatever their number. */
export async function countOpenSessions(client: Pick<Client, 'workflow'>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const state of openStates) counts[state] = (await client.workflow.count(inState(state))).count;
  return counts;
}

function inState(state: SessionState): string {
  return `WorkflowType = 'superviseSession' AND ExecutionStatus = 'Running' AND ShimState = '${state}'`;
}

/**
 * Serves `shim_open_sessions{state}`. What cannot be counted has no value: a number from before would hide that nobody knows.
 *
 * @returns what ends it.
 */
export function measureSessionStates(client: Pick<Client, 'workflow'>, registry: Registry, logger: Logger): () => void {
  const gauge = new Gauge({ name: 'shim_open_sessions', help: 'Open sessions of all hosts, by state', labelNames: ['state'], registers: [registry] });
  const count = async () => {
    try {
      for (const [state, sessions] of Object.entries(await countOpenSessions(client))) gauge.set({ state }, sessions);
    } catch (error) {
      gauge.reset();
      logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'the open sessions cannot be counted');
    }
  };
  void count();
  const timer = setInterval(() => void count(), countEveryMs);
  return () => clearInterval(timer);
}
