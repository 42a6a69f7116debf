import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** What the agent has been told to do beyond its first items. Plain JSON, kept with its progress. */
export interface LaterTasks {
  /** Names of the prompts' files: one that is given twice is known again. */
  taken: string[];
  items: number;
}

/** Takes in the prompt that SHIM hands over: `3 more items`. @returns what it amounts to, and whether it is new. */
export function takeNextTask(path: string | undefined, before: LaterTasks): { tasks: LaterTasks; isNew: boolean } {
  if (path === undefined || before.taken.includes(basename(path))) return { tasks: before, isNew: false };
  const more = Number.parseInt(readFileSync(path, 'utf8'), 10);
  return { tasks: { taken: [...before.taken, basename(path)], items: before.items + (Number.isNaN(more) ? 0 : more) }, isNew: true };
}
