import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'libsql';

/** Thrown where the database of the embedded Temporal cannot be read; the message says what to do. */
export class DatabaseError extends Error {
  override name = 'DatabaseError';
}

function databaseFile(home: string): string {
  return join(home, 'temporal', 'temporal.db');
}

/** Looks at the database before a server is started on it. @throws DatabaseError where it is torn, or none at all. */
export function checkDatabase(home: string): void {
  const path = databaseFile(home);
  if (!existsSync(path)) return;
  const problem = problemOf(path);
  if (problem === null) return;
  throw new DatabaseError(`the database of Temporal (${path}) cannot be read: ${problem}; run: shim up --rebuild. It keeps the file aside and makes the workflows anew from the folders of the sessions`);
}

/** Null where it is whole. */
function problemOf(path: string): string | null {
  let database: Sqlite.Database | null = null;
  try {
    database = new Sqlite(path);
    const rows = database.prepare('PRAGMA quick_check(1)').all() as { quick_check: string }[];
    const said = rows[0]?.quick_check ?? 'no answer';
    return said === 'ok' ? null : said.replace(/\s+/g, ' ');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    database?.close();
  }
}

/** Puts the database aside, with all that belongs to it. @returns where; null where there was none. The server must not run. */
export function moveDatabaseAside(home: string, nowMs: number): string | null {
  const folder = join(home, 'temporal');
  if (!existsSync(folder)) return null;
  const aside = `${folder}.${new Date(nowMs).toISOString().replace(/[:.]/g, '-')}`;
  renameSync(folder, aside);
  return aside;
}
