import { existsSync, lstatSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { HostError, hostErrorCodes, type StartAgentInput } from '../domain/host-requests.js';
import { holdFolder } from './rest-lock.js';
import { archiveRoot, SessionFolder } from './session-folder.js';

/**
 * The folder of a session that is to begin an attempt; one of an earlier session of that name is put aside.
 *
 * @param endEarlier makes sure before that nothing of the earlier session lives.
 * @throws HostError Misconfigured where there is a link in its place, HeldAtRest.
 */
export async function takeFolder(home: string, { name, sessionId, spec }: Pick<StartAgentInput, 'name' | 'sessionId' | 'spec'>, endEarlier: (folder: SessionFolder) => Promise<void>): Promise<SessionFolder> {
  const folder = new SessionFolder(home, name);
  const owner = folder.spec()?.sessionId ?? folder.tombstone()?.sessionId;
  if (owner === sessionId && folder.spec()) return folder;
  if (lstatSync(folder.path, { throwIfNoEntry: false })?.isSymbolicLink()) throw new HostError(hostErrorCodes.misconfigured, `${folder.path} is a link, and no session is begun behind one; remove it, then: shim reset ${name}`);
  const isOfAnother = owner !== undefined && owner !== sessionId;
  if (isOfAnother) await endEarlier(folder);
  // Not in the midst of a pruning of what was there before.
  const held = existsSync(folder.path) ? holdFolder(folder) : null;
  try {
    if (isOfAnother) {
      mkdirSync(archiveRoot(home), { recursive: true, mode: 0o700 });
      renameSync(folder.path, join(archiveRoot(home), `${name}-${owner}`));
    }
    folder.create(spec);
  } finally {
    held?.release();
  }
  return folder;
}
