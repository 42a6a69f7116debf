import { randomUUID } from 'node:crypto';
import type { Store } from '../../analytics/outcomes/store.js';
import { monitoringId } from '../../domain/experiments/experiment.js';
import type { Arm } from '../../domain/experiments/unit.js';
import type { Outcome } from '../../domain/outcome.js';
import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import { outcome } from '../analytics/outcomes/records.js';

export interface FleetOptions {
  store: Pick<Store, 'parameter' | 'assign' | 'record'>;
  parameter: ParameterName;
  random: () => number;
  /** Chance that a session with this value crashes. */
  crashes: (value: ParameterValue) => number;
  /** Sessions that are lost before anybody counts them. */
  loses?: (arm: Arm) => boolean;
  /** Changes of what a session tells. */
  tells?: (arm: Arm) => Partial<Outcome>;
}

/** Sessions in a hurry: each is given what stands in the store, and ends at once as the hazard of its value has it. */
export class SimulatedFleet {
  /** What sessions ran with, newest last. */
  readonly values: ParameterValue[] = [];

  constructor(private readonly options: FleetOptions) {}

  /** @param atMs when they begin, Unix ms. */
  async come(count: number, atMs: number): Promise<void> {
    for (let n = 0; n < count; n += 1) await this.session(atMs + n);
  }

  private async session(atMs: number): Promise<void> {
    const { store, parameter, random, crashes, loses, tells } = this.options;
    const sessionId = randomUUID();
    const given = await this.give(atMs, random);
    if (given.experimentId !== null) {
      if (loses?.(given.arm)) return;
      await store.assign({ experimentId: given.experimentId, sessionId, parameter, arm: given.arm, value: given.value, assignedAtMs: atMs });
    }
    this.values.push(given.value);
    const crashed = random() < crashes(given.value);
    await store.record([outcome({ sessionId, crashed, exitClass: crashed ? 'crashed' : 'completed', startedAtMs: atMs, runningAtMs: atMs, endedAtMs: atMs + 1, workLostMs: 0, ...tells?.(given.arm) })]);
  }

  private async give(atMs: number, random: () => number): Promise<{ experimentId: string | null; arm: Arm; value: ParameterValue }> {
    const published = await this.options.store.parameter(this.options.parameter);
    const { enrolment, rollout } = published ?? {};
    if (enrolment && atMs >= enrolment.startedAtMs) {
      const arm = random() < 0.5 ? 'control' : 'treatment';
      return { experimentId: enrolment.experimentId, arm, value: enrolment[arm] };
    }
    if (published && rollout) {
      const arm = random() < rollout.share ? 'treatment' : 'control';
      return { experimentId: monitoringId(rollout.experimentId), arm, value: arm === 'treatment' ? published.value : rollout.control };
    }
    return { experimentId: null, arm: 'control', value: published?.value ?? 0.75 };
  }
}
