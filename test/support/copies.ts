import { readFileSync } from 'node:fs';
import { isDead, readProcessTable } from '../../host/process/process-table.js';

const intervalMs = 10;

/** Counts, all along, how many live processes have an argument: an agent is told by its ledger. */
export class CopyCounter {
  most = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly argument: string) {
    this.timer = setInterval(() => {
      this.most = Math.max(this.most, this.now());
    }, intervalMs);
  }

  now(): number {
    return countCopies(this.argument);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** Live processes of the scripted agent with this ledger; its holder bears the same arguments and is not counted. */
export function countCopies(ledger: string): number {
  let copies = 0;
  for (const info of readProcessTable().values()) {
    if (isDead(info)) continue;
    const argv = argvOf(info.pid);
    if (argv[0] === process.execPath && argv.includes(ledger)) copies += 1;
  }
  return copies;
}

function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code))) return [];
    throw error;
  }
}
