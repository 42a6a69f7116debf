import { chmodSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'libsql';

/** How long the opening waits for another process, ms; it holds the event loop. */
const openingMs = 1_000;

/** How long a transaction waits for another process's, ms, and how often it looks. It holds up nobody. */
const patienceMs = 5_000;
const lookMs = 5;

/** A database file, readable by its owner only, and the transactions on it. */
export class SqliteFile {
  private opened: Sqlite.Database | null = null;

  constructor(private readonly path: string) {}

  /** @throws Error where it is no database, or torn. */
  open(): Sqlite.Database {
    this.opened = new Sqlite(this.path);
    chmodSync(this.path, 0o600);
    this.opened.exec(`PRAGMA busy_timeout = ${openingMs}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 0`);
    checkWhole(this.opened, this.path);
    return this.opened;
  }

  get inTransaction(): boolean {
    return this.opened?.inTransaction ?? false;
  }

  /**
   * Takes the file for writing. One that began by reading could not go on once another process wrote, however long it waited;
   * SQLite's own waiting would hold the event loop.
   */
  async begin(): Promise<void> {
    for (const deadlineMs = performance.now() + patienceMs; ; await delay(lookMs)) {
      try {
        // A prepared statement that found the file taken stays under way until it is collected, and no commit passes it.
        this.opened?.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadlineMs) throw error;
      }
    }
  }

  commit(): void {
    this.opened?.exec('COMMIT');
  }

  /** A full disk has rolled back by itself. */
  rollback(): void {
    if (this.inTransaction) this.opened?.exec('ROLLBACK');
  }
}

/**
 * SQLite finds a missing page only when it reads it. Every page is in the file or in the log beside it, into which others may be
 * writing: what is read of the log first may be counted twice, but not missed.
 */
function checkWhole(database: Sqlite.Database, path: string): void {
  const [{ pages, size }] = database.prepare('SELECT page_count AS pages, page_size AS size FROM pragma_page_count, pragma_page_size').all() as [{ pages: number; size: number }];
  const there = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) + statSync(path).size;
  if (there < pages * size) throw new Error(`it is torn: of ${pages * size} bytes there are ${there}`);
}

/** Whether another process has the file. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
}
