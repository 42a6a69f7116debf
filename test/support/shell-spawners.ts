import { readOrEmpty } from './read-or-empty.js';

/** The processes that start shells for this one: children of it; none where it is gone. */
export function shellSpawnersOf(pid: number): number[] {
  const children = readOrEmpty(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.filter((child) => readOrEmpty(`/proc/${child}/cmdline`).includes('shell-spawner-process'));
}
