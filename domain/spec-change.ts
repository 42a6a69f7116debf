import type { Parameters } from './parameters.js';
import type { SessionSpec } from './session.js';

/** What makes it another piece of work: a session that had begun with one goes on with no other. */
const ofTheWork = ['agent', 'argv', 'cwd'] as const;

/** Whether a field of a SessionSpec, by its path, may change while the session goes on. */
export function isChangeable(field: string): boolean {
  return !ofTheWork.some((name) => name === field);
}

/** Whether a session can go on as another specification says: it is the same session, and the same work. */
export function canGoOnAs(before: SessionSpec, after: SessionSpec): boolean {
  const same = ['sessionId', 'name', 'fleet', 'after', ...ofTheWork] as const;
  return same.every((name) => JSON.stringify(before[name]) === JSON.stringify(after[name]));
}

/** What a session runs with once its specification has changed: what was changed in it, and else what it was given meanwhile. */
export function parametersAfterChange(given: Parameters, before: Parameters, after: Parameters): Parameters {
  const names = Object.keys(after) as (keyof Parameters)[];
  return Object.fromEntries(names.map((name) => [name, after[name] === before[name] ? given[name] : after[name]])) as unknown as Parameters;
}
