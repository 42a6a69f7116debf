import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { openStore } from '../../analytics/outcomes/open-store.js';
import type { Store } from '../../analytics/outcomes/store.js';
import type { ParameterName, ParameterValue } from '../../domain/parameter-table.js';
import { parametersChangedSignal, sessionWorkflowId } from '../../workflows/messages.js';
import type { Installation } from './installation.js';

/** Publishes parameters in an installation as their entities do, and reads its record. */
export class Published {
  private version = 0;

  private constructor(
    readonly store: Store,
    private readonly connection: Connection,
  ) {}

  static async of(shim: Installation): Promise<Published> {
    return new Published(await openStore(join(shim.home, 'outcomes.db')), await Connection.connect({ address: shim.client.address }));
  }

  /** What sessions are given from now on; those named are told. */
  async give(name: ParameterName, value: ParameterValue, ...told: string[]): Promise<void> {
    this.version += 1;
    await this.store.publish({ name, value, version: this.version, rollout: null, enrolment: null }, Date.now());
    const { workflow } = new Client({ connection: this.connection });
    for (const session of told) await workflow.getHandle(sessionWorkflowId(session)).signal(parametersChangedSignal, { parameter: name, version: this.version });
  }

  async close(): Promise<void> {
    await this.connection.close();
    await this.store.close();
  }
}
