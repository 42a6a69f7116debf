import { readFileSync } from 'node:fs';

/** The processes that start shells for this one: children of it; none where it is gone. */
export function shellSpawnersOf(pid: number): number[] {
  const children = readOrEmpty(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.filter((child) => readOrEmpty(`/proc/${child}/cmdline`).includes('shell-spawner-process'));
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return '';
    throw error;
  }
}
