import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Alert, Alerts } from '../analytics/alerts.js';
import type { PublishedParameter, Store } from '../analytics/outcomes/store.js';
import type { ConsoleDebt, ExperimentPlatform, RegisteredExperiment } from '../analytics/statsig/platform.js';
import { StatsigRefusedError } from '../analytics/statsig/statsig-error.js';
import { foldUnits, type AnalysisState } from '../domain/experiments/analysis.js';
import type { ExperimentLook, ExperimentPlan, ExperimentStatus } from '../domain/experiments/experiment.js';
import { lookAt } from '../domain/experiments/look.js';
import type { ParameterName } from '../domain/parameter-table.js';
import type { Arms } from '../domain/statistics/interval.js';

/** Units that are read from the store at once. */
const unitsAtOnce = 5_000;

/** A checkpoint is slow past this where no bound says otherwise, ms. */
const slowCheckpointMs = 100;

export interface ExperimentDependencies {
  store: Store;
  platform: ExperimentPlatform;
  alerts: Pick<Alerts, 'raise'>;
}

export interface LookInput {
  plan: ExperimentPlan;
  /** What the units are assigned under: the experiment's own id, or that of its monitoring. */
  unitsOf: string;
  state: AnalysisState;
  /** The workflow's clock, Unix ms. */
  nowMs: number;
}

export interface LookOutput {
  state: AnalysisState;
  look: ExperimentLook;
  /** Sessions assigned so far, matured or not. */
  assigned: Arms<number>;
  /** What stands in the store of the parameter. */
  published: PublishedParameter | null;
}

/**
 * What an experiment does outside its workflow: it counts up evidence, and tells Statsig, the store and people. Each may run
 * twice. Numbers are computed here and recorded, so that a replay never depends on them.
 */
export function createExperimentActivities({ store, platform, alerts }: ExperimentDependencies) {
  return {
    /** Registers it at Statsig, or finds it there. */
    registerExperiment: ({ plan, name }: { plan: ExperimentPlan; name: string }): Promise<RegisteredExperiment> =>
      beating(async () => {
        const { parameter, hypothesis, control, treatment, metric } = plan;
        try {
          return await platform.register({ name, parameter, hypothesis, control, treatment, successMetrics: [metric] });
        } catch (error) {
          if (error instanceof StatsigRefusedError) throw ApplicationFailure.create({ type: 'StatsigRefused', message: error.message, nonRetryable: true, cause: error });
          throw error;
        }
      }),

    /** Widens the share of new sessions that are in it. */
    allocateExperiment: ({ experiment, share }: { experiment: RegisteredExperiment; share: number }): Promise<void> =>
      beating(async () => {
        await platform.allocate(experiment, share);
        // Only this worker's copy would be a few seconds old without it.
        await platform.sync().catch(() => undefined);
      }),

    /** Matures what is due, takes new units in, and looks; the look is kept for the report. */
    lookAtExperiment: ({ plan, unitsOf, state: before, nowMs }: LookInput): Promise<LookOutput> =>
      beating(async () => {
        await store.mature(unitsOf, { horizonMs: plan.horizonMs, nowMs, checkpointLimitMs: plan.bounds.checkpointTime?.max ?? slowCheckpointMs });
        let state = before;
        for (;;) {
          const units = await store.unitsAfter(unitsOf, state.position, unitsAtOnce);
          state = foldUnits(state, units);
          if (units.length < unitsAtOnce) break;
        }
        const assigned = await store.countAssignments(unitsOf);
        const look = lookAt(plan, state, { atMs: nowMs, assigned, lastOutcomeAtMs: await store.lastOutcomeAtMs() });
        await store.saveLook(unitsOf, look);
        return { state, look, assigned, published: await store.parameter(plan.parameter) };
      }),

    /** What sessions are given now. */
    readBack: ({ parameter }: { parameter: ParameterName }): Promise<PublishedParameter | null> => store.parameter(parameter),

    /** Closes the record at Statsig; where that cannot be done now it is owed, and the mirror does it. */
    closeAtStatsig: (debt: ConsoleDebt & { nowMs: number }): Promise<'done' | 'owed' | 'refused'> =>
      beating(async () => {
        const { nowMs, ...call } = debt;
        try {
          if (call.call === 'decide') await platform.decide(call.experiment, call.arm, call.reason);
          else await platform.abandon(call.experiment, call.reason);
          return 'done';
        } catch (error) {
          // What was understood and refused is refused again.
          if (error instanceof StatsigRefusedError) return 'refused';
          await store.enqueue('console', call, nowMs);
          return 'owed';
        }
      }),

    saveExperimentStatus: ({ status, nowMs }: { status: ExperimentStatus; nowMs: number }): Promise<void> => store.saveExperiment(status, nowMs),

    raiseAlert: (alert: Alert): Promise<void> => beating(() => alerts.raise(alert)),
  };
}

/** Between two beats of a call that takes longer, ms: most take less, and cost none. */
const beatMs = 3_000;

/** Says that the call is alive for as long as it takes. */
async function beating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

export type ExperimentActivities = ReturnType<typeof createExperimentActivities>;
