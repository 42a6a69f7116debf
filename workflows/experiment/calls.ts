import { ActivityCancellationType, ActivityFailure, ApplicationFailure, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { EntityActivities } from '../../activities/entity-activities.js';
import type { ExperimentActivities, LookInput } from '../../activities/experiment-activities.js';
import type { ExperimentPlan, ExperimentStatus } from '../../domain/experiments/experiment.js';
import { formatShare } from '../../domain/share.js';
import type { Enrolment } from '../kaizen-messages.js';
import { controlQueue } from '../messages.js';
import { untilGivenUp } from '../until-given-up.js';
import { summarize } from '../one-line.js';

type Registered = Parameters<ExperimentActivities['allocateExperiment']>[0]['experiment'];
type Debt = Parameters<ExperimentActivities['closeAtStatsig']>[0];
type Alert = Parameters<ExperimentActivities['raiseAlert']>[0];

const retry = { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '10 s' } as const;
const cancellationType = ActivityCancellationType.TRY_CANCEL;

/** The activities of an experiment as its story uses them, each with a summary. */
export function experimentCalls({ scope, plan }: { scope: string; plan: ExperimentPlan }) {
  const { id: experimentId, parameter: name } = plan;
  // A worker that dies with a call is noticed when the call's time is over: short, since a rollback may be waiting behind it.
  const calling = { taskQueue: controlQueue, startToCloseTimeout: '10 s', retry, cancellationType } as const;
  /** May take longer, and beats while it does. */
  const long = { ...calling, startToCloseTimeout: '5 min', heartbeatTimeout: '10 s' } as const;
  const threeTries = { retry: { ...retry, maximumAttempts: 3 } };
  /** Tried until they succeed: what sessions are given depends on them. */
  const entities = proxyActivities<EntityActivities>(calling);
  const patient = proxyActivities<ExperimentActivities>(calling);
  const patientlyAtStatsig = proxyActivities<ExperimentActivities>(long);
  /** Given up after three tries: the story goes on without them, and comes back to them. */
  const brief = proxyActivities<ExperimentActivities>({ ...calling, ...threeTries });
  const briefAndLong = proxyActivities<ExperimentActivities>({ ...long, ...threeTries });
  return {
    acquire: () => entities.acquire.executeWithOptions({ summary: `take ${name}` }, [{ name, experimentId }]),
    release: (coolDownMs: number, reason: string) => entities.release.executeWithOptions({ summary: `let ${name} go` }, [{ name, experimentId, coolDownMs, reason }]),
    enrol: (enrolment: Enrolment | null, reason: string) => entities.enrol.executeWithOptions({ summary: summarize(reason) }, [{ name, experimentId, enrolment, reason }]),
    deploy: (share: number, version: number) =>
      entities.deploy.executeWithOptions({ summary: `give ${plan.treatment} to ${formatShare(share)} of the sessions` }, [
        { name, experimentId, value: plan.treatment, share, version, reason: `deploy of ${experimentId}, ${formatShare(share)} of the sessions` },
      ]),
    restore: (reason: string) => entities.restore.executeWithOptions({ summary: summarize(`restore ${name}: ${reason}`) }, [{ name, experimentId, reason }]),
    keep: (reason: string) => entities.keep.executeWithOptions({ summary: `${name} stays ${plan.treatment}` }, [{ name, experimentId, reason }]),
    learnResult: (logEValue: number) => entities.learnResult.executeWithOptions({ summary: 'tell the ledger' }, [{ scope, experimentId, logEValue }]),
    readBack: () => patient.readBack.executeWithOptions({ summary: `read ${name} back` }, [{ parameter: name }]),
    register: (statsigName: string) => patientlyAtStatsig.registerExperiment.executeWithOptions({ summary: `register ${statsigName}` }, [{ plan, name: statsigName }]),
    allocate: (experiment: Registered, share: number) => briefAndLong.allocateExperiment.executeWithOptions({ summary: `${formatShare(share)} of new sessions are in it` }, [{ experiment, share }]),
    look: (input: LookInput) => briefAndLong.lookAtExperiment.executeWithOptions({ summary: summarize(`look at ${input.unitsOf}`) }, [input]),
    closeAtStatsig: (debt: Debt) => patientlyAtStatsig.closeAtStatsig.executeWithOptions({ summary: `${debt.call} at Statsig` }, [debt]),
    save: (status: ExperimentStatus, nowMs: number) => brief.saveExperimentStatus.executeWithOptions({ summary: summarize(`note ${status.phase}: ${status.reason}`) }, [{ status, nowMs }]),
    saveForGood: (status: ExperimentStatus, nowMs: number) => patient.saveExperimentStatus.executeWithOptions({ summary: summarize(`note ${status.phase}: ${status.reason}`) }, [{ status, nowMs }]),
    alert: (alert: Alert) => briefAndLong.raiseAlert.executeWithOptions({ summary: summarize(alert.message) }, [alert]),
  };
}

export type ExperimentCalls = ReturnType<typeof experimentCalls>;
export type RegisteredAtStatsig = Registered;
export type PublishedParameter = NonNullable<Awaited<ReturnType<ExperimentActivities['readBack']>>>;

/** How a call came out that the story can do without. */
export type Answer<T> = { kind: 'done'; result: T } | { kind: 'given_up' } | { kind: 'failed'; type: string; message: string };

/** Runs a call to its end, or until `giveUp` turns true. */
export async function answer<T>(call: () => Promise<T>, giveUp?: () => boolean): Promise<Answer<T>> {
  try {
    return { kind: 'done', result: await untilGivenUp(call, giveUp) };
  } catch (error) {
    if (isCancellation(error)) return { kind: 'given_up' };
    if (!(error instanceof ActivityFailure)) throw error;
    const { cause } = error;
    return { kind: 'failed', type: cause instanceof ApplicationFailure ? (cause.type ?? 'Error') : 'Timeout', message: cause?.message ?? error.message };
  }
}
