import pg from 'pg';
import { storeAddress } from '../../../analytics/outcomes/store-address.js';
import { namesTemporal } from '../../connection.js';
import type { CliContext } from '../context.js';
import { oneLine } from '../format.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** ms. */
const patienceMs = 3_000;

/** Whether the outcome store answers, and is one that all control workers share. */
export async function checkStore({ home, environment }: Pick<CliContext, 'home' | 'environment'>): Promise<Finding> {
  const address = storeAddress(home, environment);
  if (address.startsWith('postgres')) return askPostgresql(address);
  if (!namesTemporal(environment)) return ok('outcome store', address);
  return warn('outcome store', `${address}, while Temporal is shared`, 'with control workers elsewhere set SHIM_DATABASE_URL to the one that they have, then shim down and shim up');
}

async function askPostgresql(address: string): Promise<Finding> {
  try {
    const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: patienceMs, query_timeout: patienceMs });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('SELECT 1');
    await client.end();
    return ok('outcome store', 'PostgreSQL answers');
  } catch (error) {
    // The driver's words name the address and the user, never the password.
    const [cause] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
    return fail('outcome store', `PostgreSQL: ${oneLine(cause instanceof Error ? cause.message : String(cause))}`, 'check SHIM_DATABASE_URL and that it is up; sessions go on and carry what they owe it');
  }
}
