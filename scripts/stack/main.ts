import { once } from 'node:events';
import { shimHome } from '../../host/shim-home.js';
import { readTemporalRecord } from '../../workers/embedded/temporal-server.js';
import { usualPorts } from './configuration.js';
import { findStackPrograms, MissingProgramError } from './programs.js';
import { Stack } from './stack.js';

/** Brings the whole stack up on this machine and keeps it until Ctrl-C, or until its terminal is closed. Agents that were started meanwhile live on. */
async function main(): Promise<void> {
  const home = shimHome();
  const programs = findStackPrograms();
  const stack = new Stack({ home, programs, ports: usualPorts, environment: process.env, onProgress: (text) => console.error(`shim: ${text}`) });
  const stopped = Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)));
  try {
    await stack.start();
    const { prometheus, alertmanager, postgresql } = usualPorts;
    console.log(`Prometheus    http://127.0.0.1:${prometheus}`);
    console.log(`Alertmanager  http://127.0.0.1:${alertmanager}`);
    console.log(`Temporal      ${readTemporalRecord(home)?.uiUrl ?? 'as the environment says'}`);
    console.log(`outcomes      ${programs.postgresql === null ? 'SQLite (for PostgreSQL: apt-get install postgresql)' : `PostgreSQL on 127.0.0.1:${postgresql}`}`);
    console.log('Ctrl-C ends the stack; agents live on.');
    await stopped;
  } finally {
    await stack.stop();
  }
}

main().catch((error: unknown) => {
  console.error(`shim: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof MissingProgramError ? 2 : 1;
});
