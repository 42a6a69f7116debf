import { PostgresDialect } from 'kysely';
import pg from 'pg';

/** How long to wait for a connection, ms: a server that is away is an error for who asks, not silence. */
const connectMs = 5_000;

/** A server as Kysely takes it. @param address `postgres://…`. */
export function postgresDialect(address: string): PostgresDialect {
  const pool = new pg.Pool({ connectionString: address, max: 4, connectionTimeoutMillis: connectMs, keepAlive: true });
  // Of a connection that nobody uses: the pool makes a new one for the next who asks. Unheard, it would end the process.
  pool.on('error', () => undefined);
  return new PostgresDialect({ pool });
}
