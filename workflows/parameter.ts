import { allHandlersFinished, condition, continueAsNew, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import {
  acquireUpdate,
  deployUpdate,
  enrolUpdate,
  freezeUpdate,
  kaizenSearchAttributes,
  keepUpdate,
  parameterStatusQuery,
  refreshUpdate,
  releaseUpdate,
  restoreUpdate,
  setModeUpdate,
  setParameterUpdate,
  unfreezeUpdate,
  type ParameterInput,
} from './kaizen-messages.js';
import { parameterCalls } from './parameter/calls.js';
import { ParameterEntity } from './parameter/entity.js';

const historyEventsKept = 500;

/**
 * A parameter for as long as there is one: who may change it, what sessions are given of it, and what that was before. It never
 * ends; where it was ended all the same, the next request begins it anew from what stands in the store.
 */
export async function parameter(input: ParameterInput): Promise<never> {
  const entity = new ParameterEntity(input, parameterCalls(input.name));
  acceptMessages(entity);
  if (!input.carried) upsertSearchAttributes([{ key: kaizenSearchAttributes.parameter, value: input.name }]);
  await entity.ready;
  for (;;) {
    await condition(() => entity.owesPush || historyIsLong());
    if (entity.owesPush) await entity.push();
    else await continueWhenQuiet(entity);
  }
}

function acceptMessages(entity: ParameterEntity): void {
  setHandler(parameterStatusQuery, () => entity.status(), { description: 'Value, who has it, and the last changes' });
  setHandler(refreshUpdate, () => entity.refresh(), { description: 'Take in what stands in the store' });
  setHandler(acquireUpdate, (input) => entity.acquire(input), { description: 'From an experiment: take the parameter for it' });
  setHandler(releaseUpdate, (input) => entity.release(input), { description: 'From its holder: let it go, and cool it down' });
  setHandler(enrolUpdate, (input) => entity.enrol(input), { validator: (input) => entity.checkEnrol(input), description: 'From its holder: enrol new sessions, or no more' });
  setHandler(deployUpdate, (input) => entity.deploy(input), { validator: (input) => entity.checkDeploy(input), description: 'From its holder: give a value to a share of the sessions' });
  setHandler(restoreUpdate, (input) => entity.restore(input), { description: 'From an experiment: take back what it gave' });
  setHandler(keepUpdate, (input) => entity.keep(input), { description: 'From an experiment: what it deployed is the last known good value now' });
  setHandler(setParameterUpdate, (input) => entity.set(input), { validator: (input) => entity.checkSet(input), description: 'By a person: give every session this value' });
  setHandler(freezeUpdate, (input) => entity.freeze(input), { description: 'By a person: no experiment takes it or deploys; restoring goes on' });
  setHandler(unfreezeUpdate, (_input) => entity.unfreeze(), { description: 'By a person: experiments may take it again' });
  setHandler(setModeUpdate, ({ mode }) => entity.setMode(mode), { validator: ({ mode }) => entity.checkMode(mode), description: 'By a person: observe, propose or auto' });
}

function historyIsLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > historyEventsKept;
}

/** Continues as new unless something came in while the handlers finished. */
async function continueWhenQuiet(entity: ParameterEntity): Promise<void> {
  await condition(allHandlersFinished);
  if (!entity.owesPush) await continueAsNew<typeof parameter>(entity.carry());
}
