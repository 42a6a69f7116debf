import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { closedStates, sessionStates, type SessionState } from '../domain/session.js';

/** For so long a count is as good as a new one, ms. */
const freshMs = 10_000;

/** Who looks at the metrics waits for Temporal no longer than this, ms. */
const patienceMs = 2_000;

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
 * Serves `shim_open_sessions{state}`, counted when somebody looks: each count has the server go through all sessions. What
 * cannot be counted has no value: a number from before would hide that nobody knows.
 */
export function measureSessionStates(client: Pick<Client, 'workflow' | 'withDeadline'>, registry: Registry, logger: Logger): void {
  let countedAtMs = Number.NEGATIVE_INFINITY;
  const gauge: Gauge = new Gauge({
    name: 'shim_open_sessions',
    help: 'Open sessions of all hosts, by state',
    labelNames: ['state'],
    registers: [registry],
    collect: async () => {
      if (performance.now() - countedAtMs < freshMs) return;
      try {
        const counts = await client.withDeadline(Date.now() + patienceMs, () => countOpenSessions(client));
        for (const [state, sessions] of Object.entries(counts)) gauge.set({ state }, sessions);
        countedAtMs = performance.now();
      } catch (error) {
        gauge.reset();
        countedAtMs = Number.NEGATIVE_INFINITY;
        logger.warn({ error: error instanceof Error ? error.message : String(error) }, 'the open sessions cannot be counted');
      }
    },
  });
}
