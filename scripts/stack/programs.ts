import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Thrown where a program of the stack is not on this machine; the message says how to get it. */
export class MissingProgramError extends Error {
  override name = 'MissingProgramError';
}

/** What the stack runs besides SHIM's own services. */
export interface StackPrograms {
  prometheus: string;
  alertmanager: string;
  /** Folder of initdb and postgres; null on a machine without: outcomes are then kept in SQLite. */
  postgresql: string | null;
}

const debianPostgresql = '/usr/lib/postgresql';

/** Finds them on PATH, under the names of Debian and of the projects themselves. @throws MissingProgramError */
export function findStackPrograms(environment: NodeJS.ProcessEnv = process.env): StackPrograms {
  return {
    prometheus: wanted(environment, 'prometheus', ['prometheus']),
    alertmanager: wanted(environment, 'prometheus-alertmanager', ['prometheus-alertmanager', 'alertmanager']),
    postgresql: postgresPrograms(),
  };
}

/** Where PostgreSQL's server programs are, the newest version's; null on a machine that has none. */
export function postgresPrograms(): string | null {
  const versions = existsSync(debianPostgresql) ? readdirSync(debianPostgresql).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(debianPostgresql, version, 'bin')).find((path) => existsSync(join(path, 'initdb'))) ?? null;
}

function wanted(environment: NodeJS.ProcessEnv, debianPackage: string, names: readonly string[]): string {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
  if (found === undefined) throw new MissingProgramError(`${names[0]} is not installed: apt-get install --no-install-recommends ${debianPackage}`);
  return found;
}

/** Whether it is there and may be run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
