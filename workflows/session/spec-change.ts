import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import { parametersAfterChange } from '../../domain/spec-change.js';
import type { SessionSpec } from '../../domain/session.js';
import type { CarriedSession, SuperviseSessionInput } from '../messages.js';
import type { superviseSession } from '../supervise-session.js';
import type { Session } from './session.js';

/** That the session is to go on as another specification says. Nothing here waits. */
export class SpecChange {
  constructor(private readonly kept: Pick<CarriedSession, 'change' | 'restWasTold'>) {}

  get wanted(): SessionSpec | null {
    return this.kept.change ?? null;
  }

  want(spec: SessionSpec): void {
    this.kept.change = spec;
  }

  /** Whether people were told of the present rest before the specification changed; it answers so once. */
  takeToldRest(): boolean {
    const { restWasTold = false } = this.kept;
    this.kept.restWasTold = false;
    return restWasTold;
  }
}

/** Nothing lives that the change would come in the way of, and nothing is waited for before the next attempt. */
export function isChangeDue({ change, desired, isSettled, restart, wait }: Session): boolean {
  return change.wanted !== null && desired !== 'stopped' && isSettled && restart.by === null && wait === null;
}

/** What a change waits for the record of the attempt before; what is owed then goes along. */
const recordPatience = '10 s';

/** Continues as new with the changed specification, unless something came in while the handlers finished. A call that is open would be lost to its run. */
export async function continueChanged(session: Session): Promise<void> {
  await condition(() => session.records.isEmpty && session.notices.isEmpty, recordPatience, { summary: 'until the attempt before is recorded' });
  await condition(allHandlersFinished);
  const { wanted } = session.change;
  if (wanted && isChangeDue(session)) await continueAsNew<typeof superviseSession>(changed(session.carry(), wanted));
}

function changed(input: SuperviseSessionInput, spec: SessionSpec): SuperviseSessionInput {
  const { carried } = input;
  if (!carried) return { ...input, spec };
  const { tuning, state, strategy } = carried;
  const parameters = tuning && parametersAfterChange(tuning.parameters, input.spec.parameters, spec.parameters);
  return {
    ...input,
    spec,
    carried: {
      ...carried,
      change: null,
      restWasTold: state === 'paused',
      ...(tuning && parameters && { tuning: { ...tuning, parameters, wants: tuning.wants + 1 } }),
      // A rung that failures have led down to stays.
      strategy: parameters && strategy === tuning?.parameters.resumeStrategy ? parameters.resumeStrategy : strategy,
    },
  };
}
