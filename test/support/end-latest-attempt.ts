import { CgroupRoot } from '../../host/process/cgroup.js';
import { fence } from '../../host/process/holder.js';
import type { SessionFolder } from '../../host/session-folder.js';

/** Ends what a session left alive, without asking anybody: for an installation whose services are gone. */
export async function endLatestAttempt(folder: SessionFolder): Promise<void> {
  const attempt = folder.attempts().at(-1);
  const record = attempt?.record();
  if (attempt && record) await fence({ treeId: record.treeId, path: attempt.path, sinceTicks: record.sinceTicks, cgroups: CgroupRoot.probe() });
}
