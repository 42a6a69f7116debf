import type { AttemptReport } from '../domain/attempt.js';
import type { AttemptRunner } from './attempt-runner.js';
import { previousOf } from './attempt-start.js';
import type { HostContext } from './host-context.js';
import { Preparation } from './preparation.js';
import type { ProcessTable } from './process/shared-table.js';
import { findSecondWriter } from './second-writer/before-start.js';
import type { WriterSearch } from './second-writer/writer-search.js';
import type { SessionRuntimes } from './session-runtimes.js';

/** What is prepared for the next attempts of a host's sessions, one for each session at most. */
export class Preparations {
  private readonly preparations = new Map<string, Preparation>();

  constructor(
    private readonly host: Pick<HostContext, 'events' | 'detached'>,
    private readonly runtimes: SessionRuntimes,
    private readonly writers: WriterSearch,
  ) {}

  /** Uses the time of Temporal's decision on an attempt that has ended, where there is any use in it. */
  prepareAfter(report: AttemptReport, { key, setup }: AttemptRunner): void {
    const runtime = this.runtimes.get(key.name);
    if (!mayRestart(report) || this.host.detached.aborted || runtime?.spec.sessionId !== key.sessionId) return;
    const troubled = (error: unknown) => this.host.events.emit('trouble', { name: key.name, what: 'prepare the next attempt', error });
    this.discard(key.name);
    const lookForWriter = (table: ProcessTable) => findSecondWriter(this.writers, runtime, setup.folder, previousOf(setup.session), table, setup.record.beside ?? []);
    this.preparations.set(key.name, new Preparation(key.attemptId, setup.held, runtime.checkpoints, runtime.parkingPlace(), lookForWriter, troubled));
  }

  /** What is prepared for a session; from here on it is the caller's, who discards it. Null where there is nothing. */
  take(name: string): Preparation | null {
    const preparation = this.preparations.get(name) ?? null;
    this.preparations.delete(name);
    return preparation;
  }

  /** Ends what is prepared for a session. */
  discard(name: string): void {
    this.take(name)?.discard();
  }

  discardAll(): void {
    for (const preparation of this.preparations.values()) preparation.discard();
    this.preparations.clear();
  }
}

/** Whether there is any use in preparing for another attempt; the decision is Temporal's. */
function mayRestart({ exitClass }: AttemptReport): boolean {
  return exitClass !== 'completed' && exitClass !== 'stopped' && exitClass !== 'limit_reached';
}
