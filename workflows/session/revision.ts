import type { SuperviseSessionInput } from '../messages.js';

/** Whether a run was begun by a version that knows this revision. */
export function isOfRevision({ revision = 0 }: SuperviseSessionInput, least: number): boolean {
  return revision >= least;
}
