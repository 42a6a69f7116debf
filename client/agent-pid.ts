import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The pid of the agent of an attempt on this machine: its holder's child, or the holder itself where the system does not
 * tell. Good enough to show; whoever kills compares start times too.
 *
 * @returns null where neither is alive.
 */
export function agentPid(attemptPath: string): number | null {
  const holder = Number(read(join(attemptPath, 'holder.pid'))?.trim().split(/\s/)[0] ?? '');
  if (!Number.isSafeInteger(holder) || holder <= 1 || !isAlive(holder)) return null;
  const child = Number(read(`/proc/${holder}/task/${holder}/children`)?.trim().split(' ')[0] ?? '');
  return child > 1 ? child : holder;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
