import { createHash, randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import Sqlite from 'libsql';
import { experimentSchema, type Experiment, type NewExperiment } from './experiment.js';

/** An event as the SDK sends it; its parts are kept as they came. */
export type LoggedEvent = Record<string, unknown> & { eventName?: unknown };

/** Thrown where an experiment may not go the way it is asked to. */
export class ExperimentStateError extends Error {
  override name = 'ExperimentStateError';
}

/** What the local server keeps: experiments, and every event once, in one SQLite file. */
export class LocalStatsigStore {
  private readonly database: Sqlite.Database;

  constructor(path: string) {
    this.database = new Sqlite(path);
    chmodSync(path, 0o600);
    this.database.exec('PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    this.database.exec(`
      CREATE TABLE IF NOT EXISTS experiment (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS event (hash TEXT PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL, received_at_ms REAL NOT NULL);
      CREATE TABLE IF NOT EXISTS version (one INTEGER PRIMARY KEY CHECK (one = 1), time_ms REAL NOT NULL);
      INSERT OR IGNORE INTO version (one, time_ms) VALUES (1, 1)`);
  }

  /** Rises with every change of an experiment: what the SDK compares to know whether there is news. */
  get time(): number {
    return (this.database.prepare('SELECT time_ms AS time FROM version').get() as { time: number }).time;
  }

  experiments(): Experiment[] {
    return (this.database.prepare('SELECT body FROM experiment ORDER BY rowid').all() as { body: string }[]).map(({ body }) => experimentSchema.parse(JSON.parse(body)));
  }

  experiment(id: string): Experiment | null {
    const row = this.database.prepare('SELECT body FROM experiment WHERE id = ?').get(id) as { body: string } | undefined;
    return row ? experimentSchema.parse(JSON.parse(row.body)) : null;
  }

  /** @throws ExperimentStateError where there is one of that name. */
  create(wanted: NewExperiment): Experiment {
    const id = wanted.name.toLowerCase().replace(/[^a-z0-9]+/g, '_');
    if (this.experiments().some((known) => known.name === wanted.name || known.id === id)) throw new ExperimentStateError(`there is an experiment ${JSON.stringify(wanted.name)} already`);
    const groups = wanted.groups.map(({ name, size, parameterValues }) => ({ id: randomUUID(), name, size, parameterValues, disabled: false }));
    const { name, hypothesis, allocation, idType, primaryMetrics } = wanted;
    return this.save({ id, name, salt: randomUUID(), hypothesis, status: 'setup', allocation, idType, groups, primaryMetrics, launchedGroupId: null, decisionReason: null, createdAtMs: Date.now() });
  }

  save(experiment: Experiment): Experiment {
    const checked = experimentSchema.parse(experiment);
    this.database.transaction(() => {
      this.database.prepare('INSERT INTO experiment (id, name, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body').run(checked.id, checked.name, JSON.stringify(checked));
      this.database.prepare('UPDATE version SET time_ms = max(time_ms + 1, ?)').run(Date.now());
    })();
    return checked;
  }

  /** Keeps events. They bear no id, and are sent again after a failure: the same content is the same event. @returns how many were new. */
  log(events: readonly LoggedEvent[]): number {
    const insert = this.database.prepare('INSERT OR IGNORE INTO event (hash, name, body, received_at_ms) VALUES (?, ?, ?, ?)');
    let added = 0;
    this.database.transaction(() => {
      for (const event of events) {
        const body = JSON.stringify(event);
        added += insert.run(createHash('sha256').update(body).digest('hex'), typeof event.eventName === 'string' ? event.eventName : '', body, Date.now()).changes;
      }
    })();
    return added;
  }

  events(name: string): LoggedEvent[] {
    return (this.database.prepare('SELECT body FROM event WHERE name = ? ORDER BY rowid').all(name) as { body: string }[]).map(({ body }) => JSON.parse(body) as LoggedEvent);
  }

  close(): void {
    this.database.close();
  }
}
