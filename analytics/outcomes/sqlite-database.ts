import { chmodSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'libsql';
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver, type DatabaseConnection, type QueryResult, type SqliteDatabase, type SqliteDialectConfig } from 'kysely';

/** How long the opening waits for another process, ms; it holds the event loop. */
const openingMs = 1_000;

/** How long a statement waits for another process that writes, ms, and how often it looks. It holds up nobody. */
const patienceMs = 5_000;
const lookMs = 5;

/** A file as Kysely takes it; readable by its owner only. */
export function sqliteDialect(path: string): SqliteDialect {
  return new TransactionalSqliteDialect({
    database: () => {
      const database = new Sqlite(path);
      chmodSync(path, 0o600);
      database.exec(`PRAGMA busy_timeout = ${openingMs}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 0`);
      // libsql's types are of their own making; its interface is better-sqlite3's, which the dialect asks for.
      return Promise.resolve(database as unknown as SqliteDatabase);
    },
  });
}

/** SQLite changes tables in transactions as well; Kysely does not count on it. Without one, a killed process would leave half a change. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class TransactionalSqliteDialect extends SqliteDialect {
  constructor(private readonly options: SqliteDialectConfig) {
    super(options);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }

  override createDriver(): SqliteDriver {
    return new PatientSqliteDriver(this.options);
  }
}

class PatientSqliteDriver extends SqliteDriver {
  private patient: PatientConnection | null = null;

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    return (this.patient ??= new PatientConnection(connection));
  }

  /** Every transaction here writes: one that began by reading could not go on once another process wrote, however long it waited. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** A full disk has rolled back by itself: what is to be heard of is that, and not that there is nothing to roll back. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.rollbackTransaction(connection);
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('no transaction is active'))) throw error;
    }
  }
}

/** Waits for another process's write without holding the event loop, as SQLite's own waiting would: a busy statement has done nothing. */
class PatientConnection implements DatabaseConnection {
  constructor(private readonly connection: DatabaseConnection) {}

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    for (const deadlineMs = performance.now() + patienceMs; ; await delay(lookMs)) {
      try {
        return await this.connection.executeQuery<R>(query);
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadlineMs) throw error;
      }
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.connection.streamQuery<R>(query, chunkSize);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
}
