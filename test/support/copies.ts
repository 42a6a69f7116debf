import { readdirSync, readFileSync } from 'node:fs';
import { isDead, readProcess } from '../../host/process/process-table.js';

const intervalMs = 10;

/** Counts, all along, how many live processes have an argument: an agent is told by its ledger. */
export class CopyCounter {
  most: number;
  private readonly timer: NodeJS.Timeout;
  /** What ran before and is no copy: it need not be looked at again and again. */
  private readonly others: ReadonlySet<string>;

  constructor(private readonly argument: string) {
    this.others = new Set(processes().filter((pid) => !isCopy(pid, argument)));
    this.most = this.now();
    this.timer = setInterval(() => {
      this.most = Math.max(this.most, this.now());
    }, intervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private now(): number {
    return processes().filter((pid) => !this.others.has(pid) && isCopy(pid, this.argument)).length;
  }
}

/** Live processes of the scripted agent with this ledger; its holder bears the same arguments and is not counted. */
export function countCopies(ledger: string): number {
  return processes().filter((pid) => isCopy(pid, ledger)).length;
}

function processes(): string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
}

function isCopy(pid: string, argument: string): boolean {
  const argv = argvOf(pid);
  if (argv[0] !== process.execPath || !argv.includes(argument)) return false;
  const info = readProcess(Number(pid));
  return info !== null && !isDead(info);
}

function argvOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code))) return [];
    throw error;
  }
}
