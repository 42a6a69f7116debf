import { readdirSync, readFileSync } from 'node:fs';
import { isDead, readProcess } from '../../host/process/process-table.js';

/** Pids of the agents that live, by the ledger that each works on. A holder bears the same arguments and is none. */
export function livingAgents(ledgers: ReadonlySet<string>): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const argv = argvOf(entry);
    if (argv[0] !== process.execPath) continue;
    const ledger = argv.find((argument) => ledgers.has(argument));
    if (ledger === undefined) continue;
    const info = readProcess(Number(entry));
    if (info && !isDead(info)) found.set(ledger, [...(found.get(ledger) ?? []), info.pid]);
  }
  return found;
}

function argvOf(pid: string): string[] {
  return read(`/proc/${pid}/cmdline`).split('\0');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}
