import { readFileSync } from 'node:fs';
import { isDead, readProcessTable } from '../../host/process/process-table.js';

const intervalMs = 20;

/** Counts, all along, how many attempts of a session have a live process: each bears the marker of its attempt. */
export class AttemptsAlive {
  /** The most at one moment. */
  most = 0;
  /** Every attempt that was seen. */
  readonly seen = new Set<string>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly sessionId: string) {
    this.timer = setInterval(() => this.look(), intervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const alive = new Set<string>();
    for (const info of readProcessTable().values()) {
      if (isDead(info)) continue;
      const marker = environmentOf(info.pid);
      if (!marker.includes(`SHIM_SESSION=${this.sessionId}`)) continue;
      const attempt = marker.find((entry) => entry.startsWith('SHIM_ATTEMPT='));
      // A holder is no copy of the agent: it bears none, and may wait for the next attempt while the last one is being ended.
      if (attempt !== undefined) alive.add(attempt);
    }
    this.most = Math.max(this.most, alive.size);
    for (const attempt of alive) this.seen.add(attempt);
  }
}

/** Entries of a process's environment; none for one that has gone or belongs to somebody else. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(String(error.code))) return [];
    throw error;
  }
}
