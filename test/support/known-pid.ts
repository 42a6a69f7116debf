/** A pid that a signal may be sent to. @throws Error where it is not known: 0 would be the whole group of who sends it. */
export function knownPid(pid: number | null | undefined): number {
  if (pid === null || pid === undefined || !(pid > 1)) throw new Error(`no process is known by the pid ${pid}`);
  return pid;
}
