import { SelectQueryNode, RawNode, SqliteAdapter, SqliteDialect, SqliteDriver, type CompiledQuery, type DatabaseConnection, type QueryResult, type SqliteDatabase } from 'kysely';
import { SqliteFile } from './sqlite-file.js';

/** A file as Kysely takes it. */
export function sqliteDialect(path: string): SqliteDialect {
  return new FileDialect(new SqliteFile(path));
}

class FileDialect extends SqliteDialect {
  constructor(private readonly file: SqliteFile) {
    super({ database: () => Promise.reject(new Error('the driver opens the file')) });
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }

  override createDriver(): SqliteDriver {
    return new FileDriver(this.file);
  }
}

/** SQLite changes tables in transactions as well; Kysely does not count on it. Without one, a killed process would leave half a change. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class FileDriver extends SqliteDriver {
  private connection: FileConnection | null = null;

  constructor(private readonly file: SqliteFile) {
    // libsql's types are of their own making; its interface is better-sqlite3's, which the driver asks for.
    super({ database: () => Promise.resolve(file.open() as unknown as SqliteDatabase) });
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const only = await super.acquireConnection();
    return (this.connection ??= new FileConnection(only, this.file));
  }

  override beginTransaction(): Promise<void> {
    return this.file.begin();
  }

  override async commitTransaction(): Promise<void> {
    this.file.commit();
  }

  override async rollbackTransaction(): Promise<void> {
    this.file.rollback();
  }
}

/** A write by itself is a transaction as well, so that it waits for its turn like one. */
class FileConnection implements DatabaseConnection {
  constructor(
    private readonly connection: DatabaseConnection,
    private readonly file: SqliteFile,
  ) {}

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (SelectQueryNode.is(query.query) || RawNode.is(query.query) || this.file.inTransaction) return this.connection.executeQuery<R>(query);
    await this.file.begin();
    try {
      const result = await this.connection.executeQuery<R>(query);
      this.file.commit();
      return result;
    } catch (error) {
      this.file.rollback();
      throw error;
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.connection.streamQuery<R>(query, chunkSize);
  }
}
