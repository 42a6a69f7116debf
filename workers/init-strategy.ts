import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { keepInitStrategy, readInitStrategy, type InitStrategy } from '../host/init-strategy.js';
import { controlQueue, hostWorkflowId, restartStrategyUpdate, searchAttributes } from '../workflows/messages.js';

/** Sessions that wait to come back wait no longer than this for the parameter's value, ms. */
const patienceMs = 3_000;

/** How the workflow of a host is started. */
export function superviseHostOptions(hostId: string) {
  return {
    workflowId: hostWorkflowId(hostId),
    taskQueue: controlQueue,
    args: [{ hostId }],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    typedSearchAttributes: [{ key: searchAttributes.host, value: hostId }],
    staticSummary: `host ${hostId}`,
    staticDetails: 'Holds the lease of one host: whether its worker is there, and since when.',
  };
}

/** The value of restart_strategy, asked for once at the start of the host worker. Where nobody answers in time it is what it was at the start before. */
export async function askInitStrategy(client: Client, hostId: string, home: string, logger: Logger): Promise<InitStrategy> {
  try {
    const startWorkflowOperation = new WithStartWorkflowOperation('superviseHost', superviseHostOptions(hostId));
    const value = await client.connection.withDeadline(Date.now() + patienceMs, () => client.workflow.executeUpdateWithStart(restartStrategyUpdate, { startWorkflowOperation }));
    const strategy = value === 'sequential_init' ? 'sequential' : 'parallel';
    keepInitStrategy(home, strategy);
    return strategy;
  } catch (error) {
    const strategy = readInitStrategy(home) ?? 'parallel';
    logger.warn({ error: error instanceof Error ? error.message : String(error), strategy }, 'restart_strategy is not told; it is what it was');
    return strategy;
  }
}
