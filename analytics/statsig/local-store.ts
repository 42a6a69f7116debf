import { createHash, randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import Sqlite from 'libsql';
import { dynamicConfigSchema, experimentSchema, type DynamicConfig, type DynamicConfigChanges, type Experiment, type NewDynamicConfig, type NewExperiment } from './experiment.js';

/** An event as the SDK sends it; its parts are kept as they came. */
export type LoggedEvent = Record<string, unknown> & { eventName?: unknown };

/** Thrown where an experiment or a dynamic config may not go the way it is asked to. */
export class ExperimentStateError extends Error {
  override name = 'ExperimentStateError';
}

/** What the local server keeps: experiments, dynamic configs, and every event once, in one SQLite file. */
export class LocalStatsigStore {
  private readonly database: Sqlite.Database;

  constructor(path: string) {
    this.database = new Sqlite(path);
    chmodSync(path, 0o600);
    this.database.exec('PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    this.database.exec(`
      CREATE TABLE IF NOT EXISTS experiment (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS dynamic_config (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS event (hash TEXT PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL, received_at_ms REAL NOT NULL);
      CREATE TABLE IF NOT EXISTS version (one INTEGER PRIMARY KEY CHECK (one = 1), time_ms REAL NOT NULL);
      INSERT OR IGNORE INTO version (one, time_ms) VALUES (1, 1)`);
  }

  /** Rises with every change of an experiment or a config: what the SDK compares to know whether there is news. */
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
    const id = this.freeId(wanted.name);
    const groups = wanted.groups.map(({ name, size, parameterValues }) => ({ id: randomUUID(), name, size, parameterValues, disabled: false }));
    const { name, hypothesis, allocation, idType, primaryMetrics } = wanted;
    return this.save({ id, name, salt: randomUUID(), hypothesis, status: 'setup', allocation, idType, groups, primaryMetrics, launchedGroupId: null, decisionReason: null, createdAtMs: Date.now() });
  }

  save(experiment: Experiment): Experiment {
    return this.put('experiment', experimentSchema.parse(experiment));
  }

  /** Back to setup, with another salt: whoever was assigned is assigned anew, and earlier exposures are to groups of the past. */
  reset(experiment: Experiment): Experiment {
    const groups = experiment.groups.map((group) => ({ ...group, id: randomUUID(), disabled: false }));
    return this.save({ ...experiment, salt: randomUUID(), status: 'setup', groups, launchedGroupId: null, decisionReason: null });
  }

  dynamicConfigs(): DynamicConfig[] {
    return (this.database.prepare('SELECT body FROM dynamic_config ORDER BY rowid').all() as { body: string }[]).map(({ body }) => dynamicConfigSchema.parse(JSON.parse(body)));
  }

  dynamicConfig(id: string): DynamicConfig | null {
    const row = this.database.prepare('SELECT body FROM dynamic_config WHERE id = ?').get(id) as { body: string } | undefined;
    return row ? dynamicConfigSchema.parse(JSON.parse(row.body)) : null;
  }

  /** @throws ExperimentStateError where there is one of that name. */
  createDynamicConfig({ name, idType, ...changes }: NewDynamicConfig): DynamicConfig {
    return this.changeDynamicConfig({ id: this.freeId(name), name, salt: randomUUID(), description: '', isEnabled: true, idType, defaultValue: {}, rules: [] }, changes);
  }

  changeDynamicConfig(config: DynamicConfig, { description = config.description, isEnabled = config.isEnabled, defaultValue = config.defaultValue, rules }: DynamicConfigChanges): DynamicConfig {
    // A rule keeps its id, and with it its units, for as long as it has its name.
    const idOf = (name: string) => config.rules.find((rule) => rule.name === name)?.id ?? randomUUID();
    const changed = rules?.map(({ name, passPercentage, returnValue }) => ({ id: idOf(name), name, passPercentage, returnValue })) ?? config.rules;
    return this.put('dynamic_config', dynamicConfigSchema.parse({ ...config, description, isEnabled, defaultValue, rules: changed }));
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

  /** The names of all events, without the SDK's own. */
  eventNames(): string[] {
    return (this.database.prepare("SELECT DISTINCT name FROM event WHERE name NOT LIKE 'statsig::%' ORDER BY name").all() as { name: string }[]).map(({ name }) => name);
  }

  close(): void {
    this.database.close();
  }

  /** The id that goes with a name, as Statsig makes it. @throws ExperimentStateError where it is taken: configs and experiments share the SDK's names. */
  private freeId(name: string): string {
    const id = name.toLowerCase().replace(/[^a-z0-9]+/g, '_');
    const taken = this.database.prepare('SELECT 1 FROM experiment WHERE id = ? OR name = ? UNION ALL SELECT 1 FROM dynamic_config WHERE id = ? OR name = ?').get(id, name, id, name);
    if (taken) throw new ExperimentStateError(`there is an experiment or dynamic config ${JSON.stringify(name)} already`);
    return id;
  }

  private put<T extends { id: string; name: string }>(table: 'experiment' | 'dynamic_config', row: T): T {
    this.database.transaction(() => {
      this.database.prepare(`INSERT INTO ${table} (id, name, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`).run(row.id, row.name, JSON.stringify(row));
      this.database.prepare('UPDATE version SET time_ms = max(time_ms + 1, ?)').run(Date.now());
    })();
    return row;
  }
}
