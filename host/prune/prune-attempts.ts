import { readdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionFolder } from '../session-folder.js';

/** Attempts of a session whose records are kept, the newest. Beyond them the store of outcomes is what tells of them. */
const attemptsKept = 100;

/** Of these, the ones whose output is kept: the session's log has it too, redacted and bounded. */
const outputsKept = 5;

const outputFiles = ['stdout', 'stderr'];
const removedPrefix = '.removed-';

/**
 * Removes what is not needed any more of the attempts of a session that goes on: one that restarts for months would fill the disk.
 * Only what lies before the latest attempt goes, which was proved dead before that one began.
 *
 * @throws what the file system throws.
 */
export async function pruneAttempts(folder: SessionFolder): Promise<void> {
  const root = join(folder.path, 'attempts');
  const epochs = folder.epochs();
  // In one turn of the event loop: nobody in this process puts another session's attempts into this place meanwhile.
  for (const epoch of epochs.slice(0, -attemptsKept)) renameSync(folder.attempt(epoch).path, join(root, `${removedPrefix}${epoch}`));
  const outputs = epochs.slice(-attemptsKept, -outputsKept).flatMap((epoch) => outputFiles.map((file) => join(folder.attempt(epoch).path, file)));
  const removed = readdirSync(root).filter((name) => name.startsWith(removedPrefix));
  for (const file of outputs) await rm(file, { force: true });
  for (const name of removed) await rm(join(root, name), { recursive: true, force: true });
}
