import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CgroupRoot } from '../../../host/process/cgroup.js';
import type { HeldInput } from '../../../host/process/holder-script.js';
import { ParkedHolder } from '../../../host/process/parked-holder.js';
import { fence, watchEnd, type Held, type HeldAttempt } from '../../../host/process/holder.js';
import { ticksSinceBoot } from '../../../host/process/process-table.js';

export const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
const begun: HeldAttempt[] = [];

/** An attempt in a folder of its own; endAttempts leaves nothing of it. */
export function newAttempt(cgroups: CgroupRoot | null = null): HeldAttempt {
  const held = { treeId: randomUUID(), path: mkdtempSync(join(tmpdir(), 'shim-held-')), cgroups, sinceTicks: ticksSinceBoot() };
  begun.push(held);
  return held;
}

/** Starts a command under a holder. @returns the holder's pid. */
export function run(held: HeldAttempt, ...argv: string[]): Promise<number> {
  return runWith(held, argv, {});
}

/** The same, in another folder or environment, or with an input. @returns the holder's pid. */
export async function runWith(held: HeldAttempt, argv: string[], { cwd = held.path, variables = environment, input = 'null' }: { cwd?: string; variables?: Record<string, string>; input?: HeldInput }): Promise<number> {
  const holder = new ParkedHolder({ cgroups: held.cgroups, cwd, environment: variables }, held);
  holder.launch({ path: held.path, argv, environment: {}, input });
  return holder.pid;
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
