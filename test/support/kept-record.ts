import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSessionRecordActivities, type SessionRecordActivities } from '../../activities/session-record-activities.js';
import { openStore } from '../../analytics/outcomes/open-store.js';
import type { Store } from '../../analytics/outcomes/store.js';
import type { Arm } from '../../domain/experiments/unit.js';

/** What sessions are given, and the record of what they came to, in a store of a test's own; it is away for whom a test says so. */
export class KeptRecord {
  /** Sessions, by id, for which the store is away. */
  readonly away = new Set<string>();
  /** The arm that Statsig would give a session, by id. */
  readonly arms = new Map<string, Arm>();
  readonly activities: SessionRecordActivities;

  private constructor(
    readonly store: Store,
    private readonly folder: string,
  ) {
    const { assignParameters, recordSession, readRestartStrategy } = createSessionRecordActivities({ store, platform: { assign: (_name, sessionId) => this.assigned(sessionId) } });
    this.activities = {
      assignParameters: (input) => this.unlessAway(input.sessionId, () => assignParameters(input)),
      recordSession: (records) => this.unlessAway(records.opened?.sessionId ?? records.closed?.sessionId ?? records.outcomes[0]?.sessionId ?? '', () => recordSession(records)),
      readRestartStrategy,
    };
  }

  static async open(): Promise<KeptRecord> {
    const folder = mkdtempSync(join(tmpdir(), 'shim-record-'));
    return new KeptRecord(await openStore(join(folder, 'outcomes.db')), folder);
  }

  async remove(): Promise<void> {
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private assigned(sessionId: string): { arm: Arm } | null {
    const arm = this.arms.get(sessionId);
    return arm === undefined ? null : { arm };
  }

  private async unlessAway<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    if (this.away.has(sessionId)) throw new Error('the store is away');
    return work();
  }
}
