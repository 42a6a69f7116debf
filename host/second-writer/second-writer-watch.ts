import type { SecondWriter } from '../../domain/second-writer.js';
import { tickMs } from '../../domain/watchdog.js';
import type { AttemptRunner } from '../attempt-runner.js';
import type { HostContext } from '../host-context.js';
import { readProcessTable, type ProcessInfo } from '../process/process-table.js';
import { GrowthWatch } from './growth-watch.js';
import type { SearchedSession, WriterSearch } from './writer-search.js';

/** Between two looks, ms. */
const intervalMs = 5_000;

/** A tree that rests is looked at in one of so many looks, at most. */
const longestRest = 4;

/** Looks for second writers of all running attempts: one pass over the process table serves them all. Each attempt is told of once. */
export class SecondWriterWatch {
  private timer: NodeJS.Timeout | null = null;
  private looks = 0;
  private readonly growth = new WeakMap<AttemptRunner, GrowthWatch>();
  private readonly told = new WeakSet<AttemptRunner>();

  constructor(
    private readonly host: HostContext,
    private readonly attempts: () => readonly AttemptRunner[],
    private readonly search: WriterSearch,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.lookAtDue(), intervalMs);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private lookAtDue(): void {
    this.looks += 1;
    this.look(({ lookEvery }) => this.looks % Math.min(longestRest, Math.ceil((lookEvery * tickMs) / intervalMs)) === 0);
  }

  /** Looks once, at all or at those that are due. */
  look(isDue: (runner: AttemptRunner) => boolean = () => true): void {
    const runners = this.attempts().filter((runner) => !runner.hasEnded && !this.told.has(runner) && isDue(runner));
    if (runners.length === 0) return;
    try {
      const table = readProcessTable();
      const sessions = new Map(runners.map((runner) => [searched(runner), runner]));
      const found = this.search.search([...sessions.keys()], table);
      for (const [session, runner] of sessions) {
        const grown = this.growthOf(runner, table);
        const writer = found.get(session) ?? (grown > 0 ? this.search.likelyWriter(session, table) : null);
        if (writer) this.tell(runner, writer);
      }
    } catch (error) {
      this.host.events.emit('trouble', { name: null, what: 'look for second writers', error });
    }
  }

  private growthOf(runner: AttemptRunner, table: ReadonlyMap<number, ProcessInfo>): number {
    const watch = this.growth.get(runner) ?? new GrowthWatch();
    this.growth.set(runner, watch);
    const { held, record } = runner.setup;
    return watch.look(runner.transcriptPath(), held, table, record.beside);
  }

  private tell(runner: AttemptRunner, writer: SecondWriter): void {
    this.told.add(runner);
    const { host } = this;
    host.events.emit('second_writer_seen', { name: runner.key.name, writer });
    host.reports.secondWriter(runner.key, writer, host.detached).catch((error: unknown) => {
      if (!host.detached.aborted) host.events.emit('trouble', { name: runner.key.name, what: 'report a second writer', error });
    });
  }
}

function searched({ setup, collector }: AttemptRunner): SearchedSession {
  const { spec, agent, environment, held, conversationId, record } = setup;
  return { spec, agent, environment, held, conversationId: collector.signals.conversationId ?? conversationId, beside: record.beside ?? [] };
}
