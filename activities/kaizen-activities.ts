import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Store } from '../analytics/outcomes/store.js';
import type { ExperimentPhase } from '../domain/experiments/experiment.js';
import type { Opportunity } from '../domain/experiments/opportunity.js';
import { planExperiment, type Planned, type PlanningInput, type PlanningSettings } from '../domain/experiments/planning.js';
import { parameterNames, type ParameterName } from '../domain/parameter-table.js';
import {
  defaultExperimentsPerYear,
  defaultFalseDiscoveryRate,
  kaizenSearchAttributes,
  ledgerStatusQuery,
  ledgerWorkflowId,
  type IssuedAlpha,
  type LedgerStatus,
  type ParameterStatus,
} from '../workflows/kaizen-messages.js';
import type { EntityActivities } from './entity-activities.js';

/** What the loop needs of the world. */
export interface KaizenNeeds {
  client: Client;
  entities: Pick<EntityActivities, 'parameterStatus'>;
  store: Pick<Store, 'experiments'>;
}

/** An experiment that is open. */
export interface OpenExperiment {
  id: string;
  parameter: ParameterName;
  /** Null where it has not said yet. */
  phase: ExperimentPhase | null;
}

/** How things stand before a look. */
export interface Survey {
  parameters: ParameterStatus[];
  /** The highest number of any experiment on record, by parameter. */
  numbers: Partial<Record<ParameterName, number>>;
  experiments: OpenExperiment[];
  /** The level that the next experiment gets; null where the year's are used up. */
  level: IssuedAlpha | null;
}

/** The activities of kaizenLoop. */
export function createKaizenActivities({ client, entities, store }: KaizenNeeds) {
  return {
    /** @param input.experiments ids of experiments that may still be open; those that have a parameter are found besides. */
    async survey({ scope, experiments }: { scope: string; experiments: string[] }): Promise<Survey> {
      const [parameters, level, recorded] = await Promise.all([Promise.all(parameterNames.map((name) => entities.parameterStatus({ name }))), nextLevel(client, scope), store.experiments()]);
      const owners = parameters.flatMap(({ holder, rollout }) => [holder, rollout?.experimentId ?? null]).filter((id) => id !== null);
      const ids = [...new Set([...experiments, ...owners])];
      const open = await Promise.all(ids.map((id) => lookAt(client, id)));
      const numbers = Object.fromEntries(parameters.map(({ name, experiments: asked }) => [name, Math.max(asked, ...recorded.map(({ plan }) => (plan.parameter === name ? numberOf(plan.id) : 0)))]));
      return { parameters, numbers, experiments: open.filter((experiment) => experiment !== null), level };
    },

    /** Sizes an experiment at the level it was issued. The numbers are recorded: no replay depends on numerics. */
    planExperiment: ({ opportunity, settings, input }: { opportunity: Opportunity; settings: PlanningSettings; input: PlanningInput }): Promise<Planned> =>
      Promise.resolve(planExperiment(opportunity, settings, input)),
  };
}

export type KaizenActivities = ReturnType<typeof createKaizenActivities>;

/** Null where it is not open. */
async function lookAt(client: Client, id: string): Promise<OpenExperiment | null> {
  const parameter = parameterNames.find((name) => id.startsWith(`experiment/${name}/`));
  if (parameter === undefined) return null;
  try {
    const { status, typedSearchAttributes } = await client.workflow.getHandle(id).describe();
    const phase = typedSearchAttributes.get(kaizenSearchAttributes.phase);
    return status.name === 'RUNNING' ? { id, parameter, phase: (phase ?? null) as ExperimentPhase | null } : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function nextLevel(client: Client, scope: string): Promise<IssuedAlpha | null> {
  try {
    const { next } = await client.workflow.getHandle(ledgerWorkflowId(scope)).query<LedgerStatus>(ledgerStatusQuery);
    return next;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { index: 1, alpha: defaultFalseDiscoveryRate / defaultExperimentsPerYear };
    throw error;
  }
}

function numberOf(experimentId: string): number {
  return Number(/\/(\d+)$/.exec(experimentId)?.[1] ?? 0);
}
