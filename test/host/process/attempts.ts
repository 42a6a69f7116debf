import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CgroupRoot } from '../../../host/process/cgroup.js';
import { fence, spawnHolder, watchEnd, type Held, type HeldAttempt } from '../../../host/process/holder.js';
import { ticksSinceBoot } from '../../../host/process/process-table.js';

export const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
const begun: HeldAttempt[] = [];

/** An attempt in a folder of its own; endAttempts leaves nothing of it. */
export function newAttempt(cgroups: CgroupRoot | null = null): HeldAttempt {
  const held = { attemptId: randomUUID(), path: mkdtempSync(join(tmpdir(), 'shim-held-')), cgroups, sinceTicks: ticksSinceBoot() };
  begun.push(held);
  return held;
}

/** Starts a command under a holder. @returns the holder's pid. */
export function run(held: HeldAttempt, ...argv: string[]): number {
  return spawnHolder(held, argv, held.path, environment);
}

/** Resolves when the attempt has ended or is lost. */
export function end(held: HeldAttempt): Promise<Held> {
  return new Promise((resolve) => watchEnd(held, resolve));
}

/** Resolves with the file's text once a line of it is complete. */
export function lineIn(path: string, file: string): Promise<string> {
  return new Promise((resolve) => {
    const look = () => {
      const text = existsSync(join(path, file)) ? readFileSync(join(path, file), 'utf8') : '';
      if (!text.endsWith('\n')) return;
      watcher.close();
      resolve(text.trim());
    };
    const watcher = watch(path, look);
    look();
  });
}

/** Kills what tests began, and removes its folders. */
export async function endAttempts(): Promise<void> {
  for (const held of begun.splice(0)) {
    await fence(held);
    rmSync(held.path, { recursive: true, force: true });
  }
}
