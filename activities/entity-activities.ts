import { Context } from '@temporalio/activity';
import { WithStartWorkflowOperation, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { entityText, type WorkflowText } from '../domain/entity-text.js';
import type { ParameterName } from '../domain/parameter-table.js';
import { controlQueue } from '../workflows/messages.js';
import {
  acquireUpdate,
  deployUpdate,
  enrolUpdate,
  issueAlphaUpdate,
  kaizenSearchAttributes,
  keepUpdate,
  learnResultUpdate,
  ledgerWorkflowId,
  parameterWorkflowId,
  refreshUpdate,
  releaseUpdate,
  restoreUpdate,
  type Acquisition,
  type IssuedAlpha,
  type LedgerStatus,
  type ParameterStatus,
} from '../workflows/kaizen-messages.js';

type Asked<Definition> = Definition extends UpdateDefinition<unknown, [infer Input]> ? Input : never;

/**
 * What workflows ask of entities: a workflow can neither update nor query another. The entity is begun where there is none. Each
 * may run twice: the entities know their requests again. A refusal comes as a non-retryable ApplicationFailure of its type.
 */
export function createEntityActivities({ client }: { client: Client }) {
  const ofParameter = <Answer, Args extends [unknown] | []>(name: ParameterName, update: UpdateDefinition<Answer, Args>, ...args: Args) =>
    ask(client, 'parameter', update, args, {
      workflowId: parameterWorkflowId(name),
      args: [{ name }],
      ...entityText.parameter(name),
      typedSearchAttributes: [{ key: kaizenSearchAttributes.parameter, value: name }],
    });
  const ofLedger = <Answer, Args extends [unknown] | []>(scope: string, update: UpdateDefinition<Answer, Args>, ...args: Args) =>
    ask(client, 'alphaLedger', update, args, { workflowId: ledgerWorkflowId(scope), args: [{ scope }], ...entityText.ledger(scope) });

  return {
    /** What is so, the store's higher version taken in. */
    parameterStatus: ({ name }: { name: ParameterName }): Promise<ParameterStatus> => ofParameter(name, refreshUpdate),
    acquire: ({ name, ...asked }: { name: ParameterName } & Asked<typeof acquireUpdate>): Promise<Acquisition> => ofParameter(name, acquireUpdate, asked),
    release: ({ name, ...asked }: { name: ParameterName } & Asked<typeof releaseUpdate>): Promise<ParameterStatus> => ofParameter(name, releaseUpdate, asked),
    enrol: ({ name, ...asked }: { name: ParameterName } & Asked<typeof enrolUpdate>): Promise<ParameterStatus> => ofParameter(name, enrolUpdate, asked),
    deploy: ({ name, ...asked }: { name: ParameterName } & Asked<typeof deployUpdate>): Promise<ParameterStatus> => ofParameter(name, deployUpdate, asked),
    restore: ({ name, ...asked }: { name: ParameterName } & Asked<typeof restoreUpdate>): Promise<ParameterStatus> => ofParameter(name, restoreUpdate, asked),
    keep: ({ name, ...asked }: { name: ParameterName } & Asked<typeof keepUpdate>): Promise<ParameterStatus> => ofParameter(name, keepUpdate, asked),
    issueAlpha: ({ scope, ...asked }: { scope: string } & Asked<typeof issueAlphaUpdate>): Promise<IssuedAlpha> => ofLedger(scope, issueAlphaUpdate, asked),
    learnResult: ({ scope, ...asked }: { scope: string } & Asked<typeof learnResultUpdate>): Promise<LedgerStatus> => ofLedger(scope, learnResultUpdate, asked),
  };
}

export type EntityActivities = ReturnType<typeof createEntityActivities>;

interface Entity extends WorkflowText {
  workflowId: string;
  args: [object];
  typedSearchAttributes?: { key: typeof kaizenSearchAttributes.parameter; value: string }[];
}

async function ask<Answer, Args extends [unknown] | []>(client: Client, type: string, update: UpdateDefinition<Answer, Args>, args: Args, entity: Entity): Promise<Answer> {
  const { info, cancellationSignal } = Context.current();
  const { activityId, workflowExecution } = info;
  const startWorkflowOperation = new WithStartWorkflowOperation(type, { ...entity, taskQueue: controlQueue, workflowIdConflictPolicy: 'USE_EXISTING' });
  // A retry asks for the answer of the first try, where the entity is still at it.
  const updateId = `${workflowExecution?.runId ?? ''}/${activityId}`;
  try {
    // A worker that ends would wait for the answer of an entity that only it might run.
    return await client.withAbortSignal(cancellationSignal, () => client.workflow.executeUpdateWithStart(update, { startWorkflowOperation, args, updateId }));
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof ApplicationFailure) throw ApplicationFailure.create({ type: cause.type ?? 'Refused', message: cause.message, nonRetryable: true, details: cause.details ?? [], cause: error });
    throw error;
  }
}
