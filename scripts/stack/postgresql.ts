import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** How a PostgreSQL of one's own is run: who as, in which folder. */
export interface PostgresCluster {
  command: string;
  args: string[];
  /** PostgreSQL refuses to run as root; null for whoever runs this. */
  user: { uid: number; gid: number } | null;
  /** For SHIM_DATABASE_URL. */
  address: string;
}

/** Where a cluster for this home is kept. Root's folders are closed to the user that it then runs as: it has one of Debian's beside its own. */
export function postgresqlFolder(home: string): string {
  if (postgresUser() === null) return join(home, 'stack', 'postgresql');
  return join('/var/lib/postgresql', `shim-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`);
}

/**
 * Makes a cluster in a folder where there is none, for the loopback interface and one user without a password: what reaches the
 * port may use it, so it is for one person's machine.
 *
 * @throws Error of initdb.
 */
export function preparePostgresql(programs: string, folder: string, port: number): PostgresCluster {
  const user = postgresUser();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const options = { ...user, cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C' }, stdio: 'pipe' as const };
  if (!existsSync(join(data, 'PG_VERSION'))) execFileSync(join(programs, 'initdb'), ['--pgdata', data, '--auth=trust', '--username=shim'], options);
  return { command: join(programs, 'postgres'), args: ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', folder], user, address: `postgres://shim@127.0.0.1:${port}/postgres` };
}

/** Debian's user for it, where root asks. */
export function postgresUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
