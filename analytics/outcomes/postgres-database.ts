import { PostgresDialect } from 'kysely';
import pg from 'pg';

/** How long to wait for a connection, ms: a server that is away is an error for who asks, not silence. */
const connectMs = 5_000;

/** A server as Kysely takes it. @param address `postgres://…`. */
export function postgresDialect(address: string): PostgresDialect {
  const pool = new pg.Pool({ connectionString: address, max: 4, connectionTimeoutMillis: connectMs, keepAlive: true });
  // Of a connection that is lost while it is lent or rests: whoever asks next of it hears of it, or gets a new one. Unheard, it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new PostgresDialect({ pool });
}
