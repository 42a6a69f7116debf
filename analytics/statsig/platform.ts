import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import type { Arm } from '../../domain/experiments/unit.js';

/** An experiment as it is registered at Statsig. */
export interface RegisteredExperiment {
  /** Of Statsig: what its Console API calls it by. */
  id: string;
  /** What the SDK asks for: `<parameter>_optimization_<time>`. */
  name: string;
  /** Ids of its groups. */
  groups: { control: string; treatment: string };
}

export interface ExperimentToRegister {
  name: string;
  parameter: ParameterName;
  hypothesis: string;
  control: ParameterValue;
  treatment: ParameterValue;
  successMetrics: readonly string[];
}

/** Body of a MirrorEvent of kind `console`: a call that closes a record at Statsig, owed because Statsig was away when it was due. */
export type ConsoleDebt = { call: 'decide'; experiment: RegisteredExperiment; arm: Arm; reason: string } | { call: 'abandon'; experiment: RegisteredExperiment; reason: string };

/** Of the same kind: what sessions are given of a parameter, which a dynamic config `shim_<parameter>` is to show. */
export interface ValueDebt {
  call: 'value';
  parameter: ParameterName;
  value: ParameterValue;
}

/**
 * What the kaizen loop needs of Statsig, in the cloud or local. Every call is idempotent: what is so already is no error.
 * Mutations throw StatsigUnavailableError where Statsig does not answer, or asks to wait; they are tried again.
 */
export interface ExperimentPlatform {
  /** Registers it, or finds the one of that name. */
  register(experiment: ExperimentToRegister): Promise<RegisteredExperiment>;
  /** Starts to assign this share of the sessions (ratio 0-1), half to each arm; the share is only ever widened. */
  allocate(experiment: RegisteredExperiment, share: number): Promise<void>;
  /** Closes the record: an arm has been decided for. What sessions get is not Statsig's to say from then on. */
  decide(experiment: RegisteredExperiment, arm: Arm, reason: string): Promise<void>;
  /** Nobody is assigned any more, and nothing was decided. */
  abandon(experiment: RegisteredExperiment, reason: string): Promise<void>;
  /** The arm of a session by the SDK, with its exposure logged; null where it is outside the experiment, or nothing is known of it. Needs no network. */
  assign(statsigName: string, sessionId: string): { arm: Arm } | null;
  /** Fetches what is registered now; without it the SDK knows of a change within its polling interval. */
  sync(): Promise<void>;
}
