import { join } from 'node:path';

/** Where the record is kept: in the database that SHIM_DATABASE_URL names, or in a file of $SHIM_HOME. */
export function storeAddress(home: string, environment: NodeJS.ProcessEnv = process.env): string {
  return environment['SHIM_DATABASE_URL'] ?? join(home, 'outcomes.db');
}
